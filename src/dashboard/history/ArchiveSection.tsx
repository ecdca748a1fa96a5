import { css } from '@emotion/css';
import { formattedValueToString, getValueFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveOverview } from '../../contract/archivePage';
import { type Say } from '../../panel/words/catalog';
import { ArchiveQuery } from './ArchiveQuery';
import { useLanguage } from '../language';
import { failureText } from '../live/liveFeed';
import { type ArchiveState } from '../live/useLive';

/** What is kept, who keeps it, how new it is, and what is missing and why. */
export function ArchiveSection({ archive: { overview, failure } }: { archive: ArchiveState }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const isKnown = overview !== undefined && overview !== 'off';
  return (
    <footer className={styles.footer}>
      <h2 className={styles.title}>{say('page.archive.title')}</h2>
      {failure !== undefined && (
        <p className={styles.failure} role="alert" data-testid="promkeep-archive-failure">
          {say('page.archive.noAnswer', { message: failureText(failure, say) })}
        </p>
      )}
      <p className={styles.text} data-testid="promkeep-archive">
        {overview === 'off' && say('page.archive.off')}
        {overview === undefined && failure === undefined && say('page.archive.unknown')}
        {isKnown && describe(overview, say)}
      </p>
      {isKnown && overview.warning !== undefined && (
        <p className={styles.warning} role="status" data-testid="promkeep-archive-warning">
          {overview.warning}
        </p>
      )}
      {overview === 'off' && <p className={styles.text}>{say('page.archive.enable')}</p>}
      {isKnown && overview.queries.length > 0 && (
        <ul className={styles.queries}>
          {overview.queries.map((query) => (
            <ArchiveQuery key={query.name} query={query} serverTimeMs={overview.timeMs} />
          ))}
        </ul>
      )}
    </footer>
  );
}

function describe({ samples, series, bytes, leader, queries }: ArchiveOverview, say: Say): string {
  const gaps = queries.reduce((sum, { gapCount }) => sum + gapCount, 0);
  return [
    say('page.archive.content', { samples: write(samples), series: write(series) }),
    say('page.archive.size', { size: formattedValueToString(getValueFormat('bytes')(bytes, 1)) }),
    leader === undefined
      ? say('page.archive.nobody')
      : leader.isThis
        ? say('page.archive.thisLeads')
        : say('page.archive.leader', { name: leader.name }),
    queries.length === 0 ? say('page.archive.nothing') : '',
    queries.length > 0 && gaps === 0 ? say('page.archive.noGaps') : '',
    gaps > 0 ? say('page.archive.gaps', { count: gaps, number: write(gaps) }) : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

function write(number: number): string {
  return number.toLocaleString('en');
}

const getStyles = (theme: GrafanaTheme2) => ({
  footer: css({
    marginTop: 24,
    paddingTop: 14,
    borderTop: `1px solid ${theme.colors.border.weak}`,
    fontSize: 13,
    lineHeight: '20px',
    color: theme.colors.text.secondary,
  }),
  title: css({ margin: 0, fontSize: 16, lineHeight: '24px', fontWeight: 500, color: theme.colors.text.primary }),
  text: css({ margin: '2px 0 8px', overflowWrap: 'anywhere' }),
  failure: css({ margin: '2px 0', color: theme.colors.error.text, overflowWrap: 'anywhere' }),
  warning: css({ margin: '2px 0 8px', color: theme.colors.warning.text, overflowWrap: 'anywhere' }),
  queries: css({ margin: 0, padding: 0, listStyle: 'none' }),
});
