import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type Say } from '../panel/catalog';
import { useLanguage } from './language';
import { type ArchiveGap, type ArchiveSummary } from './parseArchive';
import { type ArchiveState } from './useArchive';

const MOST_GAPS = 20;

/** What is kept, how new it is, and what is missing. */
export function ArchiveLine({ archive }: { archive: ArchiveState }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  return (
    <footer className={styles.footer}>
      <h2 className={styles.title}>{say('page.archive.title')}</h2>
      <p className={styles.text} data-testid="promkeep-archive">
        {typeof archive === 'object' ? describe(archive, say) : say(`page.archive.${archive}`)}
      </p>
      {typeof archive === 'object' && archive.gaps.length > 0 && <Gaps gaps={archive.gaps} />}
    </footer>
  );
}

function describe({ samples, series, newestMs, gaps }: ArchiveSummary, say: Say): string {
  return [
    say('page.archive.content', { samples: write(samples), series: write(series) }),
    newestMs === undefined
      ? say('page.archive.nothing')
      : say('page.archive.newest', { time: dateTimeFormat(newestMs) }),
    gaps.length === 0 ? say('page.archive.noGaps') : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function Gaps({ gaps }: { gaps: ArchiveGap[] }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  return (
    <details className={styles.gaps}>
      <summary>{say('page.archive.gaps', { count: gaps.length, number: write(gaps.length) })}</summary>
      <ul>
        {gaps.slice(0, MOST_GAPS).map((gap) => (
          <li key={`${gap.query} ${gap.fromMs}`}>{describeGap(gap, say)}</li>
        ))}
        {gaps.length > MOST_GAPS && <li>{say('page.archive.older', { number: write(gaps.length - MOST_GAPS) })}</li>}
      </ul>
    </details>
  );
}

/** A reason the page does not know is shown as the archive wrote it. */
function describeGap({ query, fromMs, toMs, reason }: ArchiveGap, say: Say): string {
  const key = `page.archive.reasons.${reason}`;
  const text = say(key);
  return say('page.archive.gap', {
    query,
    from: dateTimeFormat(fromMs),
    to: dateTimeFormat(toMs),
    reason: text === key ? reason : text,
  });
}

function write(number: number): string {
  return number.toLocaleString('en');
}

const getStyles = (theme: GrafanaTheme2) => ({
  footer: css({
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'baseline',
    gap: '2px 10px',
    marginTop: 16,
    paddingTop: 12,
    borderTop: `1px solid ${theme.colors.border.weak}`,
    fontSize: 13,
    lineHeight: '20px',
    color: theme.colors.text.secondary,
  }),
  title: css({ margin: 0, fontSize: 13, lineHeight: '20px', fontWeight: 500, color: theme.colors.text.primary }),
  text: css({ margin: 0 }),
  gaps: css({
    flexBasis: 'auto',
    '&[open]': { flexBasis: '100%' },
    summary: { cursor: 'pointer', color: theme.colors.text.primary },
    ul: { margin: '4px 0 0', paddingLeft: 20 },
  }),
});
