import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type RecordedOverview } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { durationText } from './durationText';
import { gapText } from './gapText';
import { useLanguage } from '../language';

const MOST_GAPS = 20;
/** Two steps and a half of settling are usual; what is later than this is worth a word. */
const LATE_STEPS = 4;

/** One recorded query: how new, how complete, and what it lacks. */
export function ArchiveQuery({ query, serverTimeMs }: { query: RecordedOverview; serverTimeMs: number }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const { name, stepMs, retention, gaps, gapCount } = query;
  return (
    <li className={styles.query}>
      <span className={styles.name}>
        {name}
        <span className={styles.detail}>
          {' '}
          {say('page.archive.every', { step: durationText(stepMs) })} · {say('page.archive.kept', { retention })}
        </span>
      </span>
      <span className={styles.coverage}>
        <Completeness query={query} />
      </span>
      <span>{freshness(query, serverTimeMs, say)}</span>
      {gapCount > 0 && (
        <details className={styles.gaps}>
          <summary>{say('page.archive.gaps', { count: gapCount, number: gapCount.toLocaleString('en') })}</summary>
          <ul>
            {gaps.slice(0, MOST_GAPS).map((gap) => (
              <li key={gap.fromMs}>{gapText(gap, say)}</li>
            ))}
            {gapCount > MOST_GAPS && <li>{say('page.archive.older', { number: gapCount - MOST_GAPS })}</li>}
          </ul>
        </details>
      )}
    </li>
  );
}

/** Nothing is complete where there never was anything, and what is, is so since some time. */
function Completeness({ query: { coverage, gapCount, hasSeries, firstMs } }: { query: RecordedOverview }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  if (coverage === undefined || hasSeries === false) {
    return hasSeries === false && say('page.archive.never');
  }
  const percent = percentText(coverage);
  return (
    <>
      <svg width="64" height="6" aria-hidden="true" focusable="false">
        <rect width="64" height="6" rx="3" className={styles.rail} />
        <rect width={64 * coverage} height="6" rx="3" className={styles.filled} data-full={gapCount === 0} />
      </svg>
      {firstMs === undefined
        ? say('page.archive.coverage', { percent })
        : say('page.archive.completeSince', { percent, time: dateTimeFormat(firstMs) })}
    </>
  );
}

function freshness({ newestMs, lagMs, paused, stepMs }: RecordedOverview, serverTimeMs: number, say: Say): string {
  if (newestMs === undefined) {
    return say('page.archive.nothing');
  }
  if (paused) {
    return say('page.archive.pausedSince', { time: dateTimeFormat(newestMs) });
  }
  const age = durationText(Math.max(0, serverTimeMs - newestMs));
  return lagMs > stepMs * LATE_STEPS
    ? say('page.archive.late', { time: dateTimeFormat(newestMs), lag: durationText(lagMs) })
    : say('page.archive.newest', { age });
}

/** 100 % only when nothing is missing. */
function percentText(share: number): string {
  return share === 1 ? '100' : Math.min(99.99, share * 100).toFixed(2);
}

const getStyles = (theme: GrafanaTheme2) => ({
  query: css({
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1.8fr) minmax(0, 2fr) minmax(0, 1.4fr) minmax(0, 1fr)',
    '@media (max-width: 720px)': { gridTemplateColumns: 'minmax(0, 1fr)', gap: 0 },
    gap: '0 16px',
    alignItems: 'baseline',
    padding: '5px 0',
    borderTop: `1px solid ${theme.colors.border.weak}`,
    overflowWrap: 'anywhere',
  }),
  name: css({ fontWeight: 500, color: theme.colors.text.primary }),
  detail: css({ fontWeight: 400, color: theme.colors.text.secondary }),
  coverage: css({ display: 'inline-flex', alignItems: 'center', gap: 8, svg: { flex: 'none' } }),
  rail: css({ fill: theme.colors.border.medium }),
  filled: css({ fill: theme.colors.warning.main, '&[data-full="true"]': { fill: theme.colors.success.main } }),
  gaps: css({
    '&[open]': { gridColumn: '1 / -1' },
    summary: {
      width: 'fit-content',
      cursor: 'pointer',
      borderRadius: 3,
      color: theme.colors.text.primary,
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
    },
    ul: { margin: '4px 0 0', paddingLeft: 20 },
  }),
});
