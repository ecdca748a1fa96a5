import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveGap, type ArchiveSummary } from './parseArchive';
import { type ArchiveState } from './useArchive';

const MOST_GAPS = 20;

/** What is kept, how new it is, and what is missing. */
export function ArchiveLine({ archive }: { archive: ArchiveState }) {
  const styles = useStyles2(getStyles);
  return (
    <footer className={styles.footer}>
      <h2 className={styles.title}>Archive</h2>
      <p className={styles.text} data-testid="promkeep-archive">
        {describe(archive)}
      </p>
      {typeof archive === 'object' && archive.gaps.length > 0 && <Gaps gaps={archive.gaps} />}
    </footer>
  );
}

function describe(archive: ArchiveState): string {
  switch (archive) {
    case 'unknown':
      return 'Asking …';
    case 'off':
      return 'Off: values are shown and not kept';
    case 'no-answer':
      return 'No answer';
    default:
      return [
        `${count(archive.samples)} samples in ${count(archive.series)} series`,
        newestOf(archive),
        archive.gaps.length === 0 ? 'no gaps' : '',
      ]
        .filter(Boolean)
        .join(' · ');
  }
}

function newestOf({ newestMs }: ArchiveSummary): string {
  return newestMs === undefined ? 'nothing recorded yet' : `newest ${dateTimeFormat(newestMs)}`;
}

function Gaps({ gaps }: { gaps: ArchiveGap[] }) {
  const styles = useStyles2(getStyles);
  return (
    <details className={styles.gaps}>
      <summary>{gaps.length === 1 ? '1 gap' : `${count(gaps.length)} gaps`}</summary>
      <ul>
        {gaps.slice(0, MOST_GAPS).map(({ query, fromMs, toMs, reason }) => (
          <li key={`${query} ${fromMs}`}>
            {query}: {dateTimeFormat(fromMs)} to {dateTimeFormat(toMs)}, {reason}
          </li>
        ))}
        {gaps.length > MOST_GAPS && <li>{count(gaps.length - MOST_GAPS)} older ones</li>}
      </ul>
    </details>
  );
}

function count(number: number): string {
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
