import { dateTimeFormat } from '@grafana/data';
import { type ArchiveHistory } from '../../contract/archivePage';
import { cursorStops, readAt } from '../chart/chartCursor';
import { type ChartText } from '../chart/chartText';
import { useLanguage } from '../language';
import { TableDetails } from './TableDetails';

/** More cells take longer than a click may. */
const MOST_CELLS = 4_000;

/** The same as the chart, to be read: the newest values first, evenly spread over the range, gaps in their place. */
export function HistoryTable({ history, text }: { history: ArchiveHistory; text: ChartText }) {
  const { say } = useLanguage();
  return (
    <TableDetails title={say('page.history.table')} label={say('page.history.tableOf', { name: history.displayName })}>
      {() => <Table history={history} text={text} />}
    </TableDetails>
  );
}

function Table({ history, text }: { history: ArchiveHistory; text: ChartText }) {
  const { say } = useLanguage();
  const { times, every } = rowsOf(history);
  return (
    <table>
      {every > 1 && <caption>{say('page.history.everyTime', { number: every })}</caption>}
      <thead>
        <tr>
          <th scope="col">{say('page.history.time')}</th>
          {text.names.map((name, i) => (
            <th scope="col" key={i}>
              {name || history.displayName}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {times.map((timeMs) => (
          <Row key={timeMs} timeMs={timeMs} history={history} text={text} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ timeMs, history, text }: { timeMs: number; history: ArchiveHistory; text: ChartText }) {
  const { say } = useLanguage();
  const reading = readAt(history, timeMs);
  const { values } = reading;
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
function rowsOf(history: ArchiveHistory): { times: number[]; every: number } {
  const stops = cursorStops(history);
  const most = Math.max(20, Math.floor(MOST_CELLS / Math.max(1, history.series.length)));
  const every = Math.max(1, Math.ceil(stops.length / most));
  const gapStarts = new Set(history.gaps.map(({ fromMs }) => Math.max(fromMs, history.fromMs)));
  const last = stops.length - 1;
  return { times: stops.filter((time, i) => (last - i) % every === 0 || gapStarts.has(time)).reverse(), every };
}
