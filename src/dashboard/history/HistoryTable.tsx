import { useState } from 'react';
import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory } from '../../contract/archivePage';
import { smallText } from '../../panel/tile/styles';
import { cursorStops, readAt } from '../chart/chartCursor';
import { type ChartText } from '../chart/chartText';
import { useLanguage } from '../language';

const MOST_ROWS = 25;
const MOST_COLUMNS = 6;

/** The same as the chart, to be read: the newest values first, evenly spread over the range, gaps in their place. */
export function HistoryTable({ history, text }: { history: ArchiveHistory; text: ChartText }) {
  const styles = useStyles2(getStyles);
  const { say } = useLanguage();
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={styles.details} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary aria-label={say('page.history.tableOf', { name: history.displayName })}>
        {say('page.history.table')}
      </summary>
      {isOpen && (
        <div
          className={styles.scroll}
          tabIndex={0}
          role="region"
          aria-label={say('page.history.tableOf', { name: history.displayName })}
        >
          <table>
            <thead>
              <tr>
                <th scope="col">{say('page.history.time')}</th>
                {text.names.slice(0, MOST_COLUMNS).map((name, i) => (
                  <th scope="col" key={i}>
                    {name || history.displayName}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rowsOf(history).map((timeMs) => (
                <Row key={timeMs} timeMs={timeMs} history={history} text={text} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function Row({ timeMs, history, text }: { timeMs: number; history: ArchiveHistory; text: ChartText }) {
  const { say } = useLanguage();
  const reading = readAt(history, timeMs);
  const values = reading.values.slice(0, MOST_COLUMNS);
  return (
    <tr>
      <th scope="row">{dateTimeFormat(timeMs)}</th>
      {values.some(Boolean) ? (
        values.map((one, i) => <td key={i}>{one ? text.value(one.value) : '–'}</td>)
      ) : (
        <td colSpan={Math.max(1, values.length)}>{text.gap(reading) ?? say('page.history.none')}</td>
      )}
    </tr>
  );
}

/** Gaps are always among them. */
function rowsOf(history: ArchiveHistory): number[] {
  const stops = cursorStops(history);
  const every = Math.max(1, Math.ceil(stops.length / MOST_ROWS));
  const gapStarts = new Set(history.gaps.map(({ fromMs }) => Math.max(fromMs, history.fromMs)));
  const last = stops.length - 1;
  return stops.filter((time, i) => (last - i) % every === 0 || gapStarts.has(time)).reverse();
}

const getStyles = (theme: GrafanaTheme2) => ({
  details: css({
    ...smallText(theme),
    summary: {
      width: 'fit-content',
      padding: '3px 0',
      cursor: 'pointer',
      borderRadius: 3,
      '&:hover': { color: theme.colors.text.primary },
      '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
    },
  }),
  scroll: css({
    maxHeight: 240,
    marginTop: 4,
    overflow: 'auto',
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
    table: { width: '100%', borderCollapse: 'collapse', color: theme.colors.text.primary },
    th: { fontWeight: 400, textAlign: 'left', whiteSpace: 'nowrap', color: theme.colors.text.secondary },
    'th, td': { padding: '2px 12px 2px 0', borderBottom: `1px solid ${theme.colors.border.weak}` },
    td: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
    'thead th:not(:first-child)': { textAlign: 'right' },
  }),
});
