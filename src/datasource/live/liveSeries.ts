import { type DataFrame, type Field, FieldType, type QueryResultMetaNotice } from '@grafana/data';
import { liveLabels } from '../../contract/live';

/** One packet of a channel, as far as it is used here. */
export interface LivePacket {
  schema?: { meta?: { notices?: QueryResultMetaNotice[] } };
  data?: { values?: unknown[][]; entities?: Array<LiveEntities | null> };
}

interface LiveEntities {
  NaN?: number[];
  Inf?: number[];
  NegInf?: number[];
}

/** One new point. */
export interface LiveRow {
  /** As `liveLabels` writes them. */
  labels: string;
  timeMs: number;
  value: number | null;
}

/** The rows of a packet in the labels form: `labels`, `Time`, `Value`. Anything else has none. */
export function readRows({ data }: LivePacket): LiveRow[] {
  const [labels, times, values] = data?.values ?? [];
  if (!labels || !times || !values) {
    return [];
  }
  const rows = labels.map((text, i) => ({ labels: String(text), timeMs: Number(times[i]), value: toValue(values[i]) }));
  const { NaN: nan, Inf: inf, NegInf: negInf } = data?.entities?.[2] ?? {};
  nan?.forEach((i) => (rows[i].value = NaN));
  inf?.forEach((i) => (rows[i].value = Infinity));
  negInf?.forEach((i) => (rows[i].value = -Infinity));
  return rows;
}

function toValue(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** The frames of one series each among an answer's frames, by the labels of the series. */
export function seriesByLabels(frames: readonly DataFrame[], refId: string): Map<string, number> {
  const found = new Map<string, number>();
  frames.forEach((frame, i) => {
    const value = frame.refId === refId ? valueFieldOf(frame) : undefined;
    if (value) {
      found.set(liveLabels(value.labels), i);
    }
  });
  return found;
}

function valueFieldOf({ fields }: DataFrame): Field | undefined {
  const [time, value] = fields;
  return fields.length === 2 && time.type === FieldType.time && value.type === FieldType.number ? value : undefined;
}

export interface Extended {
  frames: DataFrame[];
  /** Labels of rows that belong to none of the frames. */
  unknown: string[];
}

/**
 * An answer's frames with newer points behind their own. Points that are there already are left out: whoever subscribes gets
 * some both with the answer and from the channel. What is older than the time range moves out at the other end.
 */
export function extendSeries(
  frames: readonly DataFrame[],
  rows: readonly LiveRow[],
  { refId, rangeMs }: { refId: string; rangeMs: number }
): Extended {
  const places = seriesByLabels(frames, refId);
  const news = new Map<number, LiveRow[]>();
  const unknown = new Set<string>();
  for (const row of rows) {
    const place = places.get(row.labels);
    if (place === undefined) {
      unknown.add(row.labels);
    } else {
      news.set(place, [...(news.get(place) ?? []), row]);
    }
  }
  const newestMs = rows.reduce((newest, { timeMs }) => Math.max(newest, timeMs), -Infinity);
  const live = new Set(places.values());
  const extended = frames.map((frame, i) =>
    live.has(i) ? extendFrame(frame, news.get(i) ?? [], newestMs - rangeMs) : frame
  );
  return { frames: extended, unknown: [...unknown] };
}

/** New arrays throughout: panels compare by identity. */
function extendFrame(frame: DataFrame, rows: readonly LiveRow[], oldestMs: number): DataFrame {
  const [time, value] = frame.fields;
  const lastMs: number = time.values.at(-1) ?? -Infinity;
  const newer = rows.filter(({ timeMs }) => timeMs > lastMs);
  const keepFrom = firstIndexFrom(time.values, oldestMs);
  if (newer.length === 0 && keepFrom === 0) {
    return frame;
  }
  const times = [...time.values.slice(keepFrom), ...newer.map(({ timeMs }) => timeMs)];
  const values = [...value.values.slice(keepFrom), ...newer.map((row) => row.value)];
  return {
    ...frame,
    fields: [
      { ...time, values: times, state: undefined },
      { ...value, values, state: undefined },
    ],
    length: times.length,
  };
}

function firstIndexFrom(times: readonly number[], oldestMs: number): number {
  const index = times.findIndex((timeMs) => timeMs >= oldestMs);
  return index < 0 ? times.length : index;
}

/** The frames with notices on the first of them, which is where Grafana's panels look. */
export function withNotices(
  frames: readonly DataFrame[],
  notices: readonly QueryResultMetaNotice[],
  refId: string
): DataFrame[] {
  if (notices.length === 0) {
    return [...frames];
  }
  const [first = { refId, fields: [], length: 0 }, ...rest] = frames;
  return [{ ...first, meta: { ...first.meta, notices: [...(first.meta?.notices ?? []), ...notices] } }, ...rest];
}
