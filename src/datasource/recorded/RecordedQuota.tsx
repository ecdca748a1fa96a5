import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type RecordingQuota, type RecordingScope } from '../../contract/recordedQuery';
import { say } from '../texts';

/** From this share of a limit on somebody should think of it. */
const NEARLY_FULL = 0.9;

/** What recorded queries take of what they may. */
export function RecordedQuota({ quota }: { quota: RecordingQuota }) {
  const styles = useStyles2(getStyles);
  const line = (scope: RecordingScope) => {
    const [use, limits] = [quota.use[scope], quota.limits[scope]];
    const kinds = ['queries', 'series', 'samplesPerDay'] as const;
    const text = kinds
      .map((kind) => say(`recordedQuota.${kind}`, { count: grouped(use[kind]), limit: grouped(limits[kind]) }))
      .join(', ');
    const isNearlyFull = kinds.some((kind) => use[kind] >= limits[kind] * NEARLY_FULL);
    return (
      <p className={cx(styles.line, isNearlyFull && styles.nearlyFull)}>
        {say(`recordedQuota.${scope}`)} {text}
        {isNearlyFull && ` (${say('recordedQuota.nearlyFull')})`}
      </p>
    );
  };
  return (
    <div>
      {line('source')}
      {line('organisation')}
    </div>
  );
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function getStyles(theme: GrafanaTheme2) {
  return {
    line: css({ color: theme.colors.text.secondary, margin: 0 }),
    nearlyFull: css({ color: theme.colors.warning.text }),
  };
}
