import { useEffect, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type PageApi } from './api';
import { useLanguage } from '../language';

interface Props {
  api: PageApi;
  /** Of the newest summary; absent while there is none: then nobody knows what fires. */
  serverTimeMs: number | undefined;
}

type Labels = Readonly<Record<string, string>>;

const EVERY_MS = 30_000;
/** What every firing alert has, and its name. */
const NOT_SHOWN = ['alertname', 'alertstate', 'severity'];
const MOST = 20;

/** The alerts that Prometheus' own rules have raised; nothing where none fires. */
export function FiringAlerts({ api, serverTimeMs }: Props) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [firing, setFiring] = useState<Labels[]>([]);
  const turn = serverTimeMs === undefined ? undefined : Math.floor(serverTimeMs / EVERY_MS);
  useEffect(() => {
    if (turn === undefined) {
      return;
    }
    const controller = new AbortController();
    // Why Prometheus does not answer is said once, by the banner.
    api.alerts(controller.signal).then(setFiring, () => undefined);
    return () => controller.abort();
  }, [api, turn]);
  if (turn === undefined || firing.length === 0) {
    return null;
  }
  return (
    <section className={styles.section} aria-labelledby="alerts">
      <h2 id="alerts" className={styles.title}>
        {say('page.alerts.title', { count: firing.length, number: firing.length })}
      </h2>
      <ul className={styles.list}>
        {firing.slice(0, MOST).map((labels, i) => (
          <li key={i} className={styles.alert} data-severity={labels.severity} data-testid="promkeep-alert">
            <strong>{labels.alertname}</strong> {describe(labels)}
          </li>
        ))}
        {firing.length > MOST && <li>{say('page.history.more', { number: firing.length - MOST })}</li>}
      </ul>
    </section>
  );
}

function describe({ severity, ...labels }: Labels): string {
  const others = Object.entries(labels).filter(([name]) => !NOT_SHOWN.includes(name));
  return [severity, ...others.map(([name, value]) => `${name}=${value}`)].filter(Boolean).join(' · ');
}

const getStyles = (theme: GrafanaTheme2) => ({
  section: css({ margin: '0 0 12px' }),
  title: css({ margin: '0 0 4px', fontSize: 14, lineHeight: '22px', fontWeight: 500 }),
  list: css({ display: 'flex', flexWrap: 'wrap', gap: 6, margin: 0, padding: 0, listStyle: 'none', fontSize: 13 }),
  alert: css({
    padding: '2px 8px',
    border: `1px solid ${theme.colors.warning.border}`,
    borderLeftWidth: 4,
    borderRadius: 4,
    overflowWrap: 'anywhere',
    '&[data-severity="critical"]': { borderColor: theme.colors.error.border },
  }),
});
