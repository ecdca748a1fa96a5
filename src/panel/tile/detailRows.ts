import { dateTimeFormat, formattedValueToString, type TimeZone } from '@grafana/data';
import { type Tile } from '../data/tile';
import { type Words } from '../words/words';

export interface DetailRow {
  label: string;
  text: string;
}

/** What a tile has no room for: time, all calculations, extremes, limits and labels. */
export function detailRows(tile: Tile, words: Words, timeZone: TimeZone | undefined): DetailRow[] {
  const { details } = words;
  const { value, noData, valueAtMs, change, extremes, limits, state } = tile;
  const when = (timeMs: number) => dateTimeFormat(timeMs, { timeZone });
  const reading = value
    ? formattedValueToString(value)
    : noData
      ? `${noData.headline}: ${noData.reason}`
      : words.noData;
  return [
    row(details.value, value && state.word ? `${reading} (${state.word})` : reading),
    row(
      details.time,
      valueAtMs !== undefined ? when(valueAtMs) : noData?.lastSeenMs && words.lastSeen(when(noData.lastSeenMs))
    ),
    row(details.change, change?.isFromArchive ? words.fromArchive(change.spoken) : change?.spoken),
    ...tile.extras.map(({ label, text }) => row(label, text)),
    row(details.lowest, extremes?.lowest),
    row(details.highest, extremes?.highest),
    row(
      details.limits,
      limits.map((limit) => (limit.state.word ? `${limit.state.word} ${limit.text}` : limit.text)).join(', ')
    ),
    ...Object.entries(tile.labels).map(([name, text]) => row(name, text)),
  ].flatMap(({ label, text }) => (text ? [{ label, text }] : []));
}

function row(label: string, text: string | 0 | undefined): { label: string; text: string | 0 | undefined } {
  return { label, text };
}
