import { dateTimeFormat, formattedValueToString, type TimeZone } from '@grafana/data';
import { type Tile, type TileExtra } from '../data/tile';
import { type Words } from '../words/words';

/** What a tile has no room for: time, all calculations, extremes, limits, expression and labels. */
export function detailRows(tile: Tile, words: Words, timeZone: TimeZone | undefined): TileExtra[] {
  const { value, noData, valueAtMs, change, extremes, limits, state } = tile;
  const when = (timeMs: number) => dateTimeFormat(timeMs, { timeZone });
  const reading = value
    ? formattedValueToString(value)
    : noData
      ? `${noData.headline}: ${noData.reason}`
      : words('noData');
  const lastSeen = noData?.lastSeenMs && words('lastSeen', { time: when(noData.lastSeenMs) });
  const rows: Array<[label: string, text: string | 0 | undefined]> = [
    [words('details.value'), value && state.word ? `${reading} (${state.word})` : reading],
    [words('details.time'), valueAtMs === undefined ? lastSeen : when(valueAtMs)],
    [
      words('details.change'),
      change?.isFromArchive ? words('details.fromArchive', { text: change.spoken }) : change?.spoken,
    ],
    ...tile.extras.map(({ label, text }): [string, string] => [label, text]),
    [words('details.lowest'), extremes?.lowest],
    [words('details.highest'), extremes?.highest],
    [
      words('details.limits'),
      limits.map((limit) => (limit.state.word ? `${limit.state.word} ${limit.text}` : limit.text)).join(', '),
    ],
    [words('details.aggregation'), tile.aggregation],
    ['PromQL', tile.promql],
    ...Object.entries(tile.labels),
  ];
  return rows.flatMap(([label, text]) => (text ? [{ label, text }] : []));
}
