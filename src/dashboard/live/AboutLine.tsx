import { useEffect, useState } from 'react';
import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type PageAbout } from '../../contract/aboutPage';
import { type PageApi } from './api';
import { useLanguage } from '../language';

/** Which Prometheus and which archive this is. @param isAnswering when it begins to answer, it may be another one */
export function AboutLine({ api, isAnswering }: { api: PageApi; isAnswering: boolean }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [about, setAbout] = useState<PageAbout>();
  useEffect(() => {
    const controller = new AbortController();
    // Nothing is missing without it, and what is wrong is said elsewhere.
    api.about(controller.signal).then(setAbout, () => undefined);
    return () => controller.abort();
  }, [api, isAnswering]);
  if (!about) {
    return null;
  }
  const { prometheus, archive } = about;
  const name = [prometheus.application, prometheus.version].filter(Boolean).join(' ');
  return (
    <p className={styles.line} data-testid="promkeep-about">
      {say('page.about.source', { name, address: prometheus.address })}
      {archive && ` · ${say('page.about.archive', archive)}`}
    </p>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  line: css({
    margin: '4px 0 0',
    fontSize: 13,
    lineHeight: '20px',
    color: theme.colors.text.secondary,
    overflowWrap: 'anywhere',
  }),
});
