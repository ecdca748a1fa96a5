import { css } from '@emotion/css';
import { useStyles2 } from '@grafana/ui';
import { type ArchiveHistory, type SeriesRow } from '../../contract/archivePage';
import { type ChartText } from '../chart/chartText';
import { seriesNames } from '../chart/seriesNames';
import { useLanguage } from '../language';
import { TableDetails } from './TableDetails';

interface Props {
  history: ArchiveHistory;
  text: ChartText;
  onOpen: (isOpen: boolean) => void;
}

/** Every series, drawn or not, with its last, lowest and highest value in the range. */
export function SeriesTable({ history, text, onOpen }: Props) {
  const { say } = useLanguage();
  const { displayName, matchCount = history.seriesCount } = history;
  const isFiltered = matchCount < history.seriesCount;
  const count = { count: matchCount, number: matchCount.toLocaleString('en') };
  return (
    <TableDetails
      title={say(isFiltered ? 'page.history.seriesMatching' : 'page.history.seriesTable', count)}
      label={say('page.history.seriesTableOf', { name: displayName, ...count })}
      onOpen={onOpen}
    >
      {() => <Table history={history} text={text} />}
    </TableDetails>
  );
}

function Table({ history, text }: Pick<Props, 'history' | 'text'>) {
  const { say } = useLanguage();
  const styles = useStyles2(getStyles);
  const rows = rowsOf(history);
  const names = seriesNames(rows);
  const write = (value: number | null) => (value === null ? '–' : text.value(value));
  return (
    <table>
      <thead>
        <tr>
          {(['series', 'last', 'lowest', 'highest'] as const).map((column) => (
            <th scope="col" key={column}>
              {say(`page.history.columns.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ last, min, max }, i) => (
          <tr key={i}>
            <th scope="row" className={styles.name}>
              {names[i] || say('page.history.unnamed')}
            </th>
            <td>{write(last)}</td>
            <td>{write(min)}</td>
            <td>{write(max)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Until all are there, those that are drawn. */
function rowsOf({ rows, series }: ArchiveHistory): SeriesRow[] {
  return (
    rows ??
    series.map(({ labels, values, min = values, max = values }) => ({
      labels,
      last: values.findLast((value) => value !== null) ?? null,
      min: least(min),
      max: negated(least(max.map(negated))),
    }))
  );
}

function least(values: ReadonlyArray<number | null>): number | null {
  return values.reduce((low, value) => (value === null || (low !== null && low <= value) ? low : value), null);
}

function negated(value: number | null): number | null {
  return value === null ? null : -value;
}

// Wins over the table's own rule.
const getStyles = () => ({ name: css({ '&&': { whiteSpace: 'normal', overflowWrap: 'anywhere', minWidth: 120 } }) });
