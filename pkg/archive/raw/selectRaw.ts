import { type RawSeries } from '../../core/model/rawSeries';
import { type RawSelect } from '../../core/ports/rawSeries';
import { type SourceDatabase } from '../connect/session';
import { assembleSeries } from './assembleSeries';
import { DAY_MS, withStored } from './chunkRow';
import { readRows, type StoredRow } from './chunkRows';
import { CoverageEnds } from './coverageEnds';
import { findSeries, type SelectedSeries } from './findSeries';

/** Of one statement's answer, about. */
const BATCH_BYTES = 1.5 * 1024 * 1024;
/** A day at 15 s; only for the first batch. */
const DAY_BYTES = 8_192;
const MOST_SERIES = 2_000;
/** So that the first answer comes soon. */
const FIRST_SERIES = 64;
/** Batches that are read at once. One alone left a reader waiting for a third of the time: 160 ms for 8.7 MB, with three 115. */
const AHEAD = 3;

/**
 * See `RawHistory.select`. Which series there are is one snapshot; their samples follow in batches, each a short transaction, some
 * of which are read ahead while the caller takes those of the one before.
 */
export async function* selectRaw(
  database: SourceDatabase,
  read: RawSelect,
  signal: AbortSignal
): AsyncGenerator<RawSeries> {
  const found = await database.transaction((session) => findSeries(session, read, signal), {
    readOnly: true,
    snapshot: true,
    signal,
  });
  for await (const batch of batchesOf(database, found, read, signal)) {
    for (const { labels, rows, endsMs } of batch) {
      const chunks = withStored(() => assembleSeries(rows, read.range, endsMs));
      if (chunks.length > 0) {
        yield { labels, chunks };
      }
    }
  }
}

interface ReadSeries {
  labels: SelectedSeries['labels'];
  rows: StoredRow[];
  endsMs: readonly number[];
}

/** As many series at a time as have about so many bytes, going by those before. */
async function* batchesOf(
  database: SourceDatabase,
  all: readonly SelectedSeries[],
  read: RawSelect,
  signal: AbortSignal
): AsyncGenerator<ReadSeries[]> {
  const days = Math.ceil((read.range.toMs - read.range.fromMs) / DAY_MS) + 1;
  let size = Math.min(FIRST_SERIES, sizeFor(1, days * DAY_BYTES));
  let begun = 0;
  const ahead: Array<Promise<ReadSeries[]>> = [];
  const fill = (): void => {
    while (ahead.length < AHEAD && begun < all.length) {
      const batch = readBatch(database, all.slice(begun, begun + size), read, signal);
      // Told to whoever waits for it; until then nobody listens.
      batch.catch(() => undefined);
      ahead.push(batch);
      begun += size;
    }
  };
  fill();
  for (let next = ahead.shift(); next; next = ahead.shift()) {
    const batch = await next;
    size = sizeFor(batch.length, bytesOf(batch));
    fill();
    yield batch;
  }
}

function sizeFor(series: number, bytes: number): number {
  return Math.min(MOST_SERIES, Math.max(1, Math.floor((series * BATCH_BYTES) / Math.max(1, bytes))));
}

function bytesOf(batch: readonly ReadSeries[]): number {
  return batch.reduce((sum, { rows }) => rows.reduce((inner, { bytes }) => inner + bytes.length, sum), 0);
}

/** Rows and coverage of one snapshot: a hole that has been filled since must not end a series where it goes on. */
async function readBatch(
  database: SourceDatabase,
  series: readonly SelectedSeries[],
  { range, definition }: RawSelect,
  signal: AbortSignal
): Promise<ReadSeries[]> {
  const parts = series.flatMap((one) => one.parts);
  const ids = parts.map(({ seriesId }) => seriesId);
  const queryIds = definition === undefined ? [...new Set(parts.map(({ queryId }) => queryId))] : [];
  const [rows, ends] = await database.transaction(
    async (session) => [await readRows(session, ids, range), await CoverageEnds.read(session, queryIds)] as const,
    { readOnly: true, snapshot: true, signal }
  );
  const bySeries = Map.groupBy(rows, ({ seriesId }) => seriesId);
  return series.map((one) => ({
    labels: one.labels,
    rows: one.parts.flatMap(({ seriesId }) => bySeries.get(seriesId) ?? []),
    endsMs: ends.of(one.parts.map(({ queryId }) => queryId)),
  }));
}
