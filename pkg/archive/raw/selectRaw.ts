import { type RawSeries } from '../../core/model/rawSeries';
import { type TimeRange } from '../../core/model/timeRange';
import { type RawSelect } from '../../core/ports/rawSeries';
import { type SourceDatabase } from '../connect/session';
import { assembleSeries } from './assembleSeries';
import { DAY_MS, withStored } from './chunkRow';
import { readRows, type StoredRow } from './chunkRows';
import { CoverageEnds } from './coverageEnds';
import { findSeries, type SelectedSeries } from './findSeries';

/** Of one statement's answer, about. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** A day at 15 s; only for the first batch. */
const DAY_BYTES = 8_192;
const MOST_SERIES = 2_000;

/**
 * See `RawHistory.select`. Which series there are is one snapshot; their samples follow in batches, each a short transaction, the
 * next of which is read while the caller takes those of the one before.
 */
export async function* selectRaw(
  database: SourceDatabase,
  read: RawSelect,
  signal: AbortSignal
): AsyncGenerator<RawSeries> {
  const { found, ends } = await database.transaction(
    async (session) => {
      const series = await findSeries(session, read, signal);
      const queryIds = new Set(series.flatMap(({ parts }) => parts.map(({ queryId }) => queryId)));
      return { found: series, ends: await CoverageEnds.read(session, [...queryIds]) };
    },
    { readOnly: true, snapshot: true, signal }
  );
  for await (const batch of batchesOf(database, found, read.range, signal)) {
    for (const [one, rows] of batch) {
      const queryIds = one.parts.map(({ queryId }) => queryId);
      const endsMs = read.definition === undefined ? ends.of(queryIds) : [];
      const chunks = withStored(() => assembleSeries(rows, read.range, endsMs));
      if (chunks.length > 0) {
        yield { labels: one.labels, chunks };
      }
    }
  }
}

type Batch = Array<[series: SelectedSeries, rows: StoredRow[]]>;

/** As many series at a time as have about so many bytes, going by those before. */
async function* batchesOf(
  database: SourceDatabase,
  all: readonly SelectedSeries[],
  range: TimeRange,
  signal: AbortSignal
): AsyncGenerator<Batch> {
  const days = Math.ceil((range.toMs - range.fromMs) / DAY_MS) + 1;
  let size = sizeFor(1, days * DAY_BYTES);
  const begin = (start: number): Promise<Batch> => {
    const batch = readBatch(database, all.slice(start, start + size), range, signal);
    // Told to whoever waits for it; until then nobody listens.
    batch.catch(() => undefined);
    return batch;
  };
  let next = all.length === 0 ? Promise.resolve([]) : begin(0);
  for (let start = 0; start < all.length;) {
    const batch = await next;
    start += batch.length;
    size = sizeFor(batch.length, bytesOf(batch));
    if (start < all.length) {
      next = begin(start);
    }
    yield batch;
  }
}

function sizeFor(series: number, bytes: number): number {
  return Math.min(MOST_SERIES, Math.max(1, Math.floor((series * BATCH_BYTES) / Math.max(1, bytes))));
}

function bytesOf(batch: Batch): number {
  return batch.reduce((sum, [, rows]) => rows.reduce((inner, { bytes }) => inner + bytes.length, sum), 0);
}

async function readBatch(
  database: SourceDatabase,
  series: readonly SelectedSeries[],
  range: TimeRange,
  signal: AbortSignal
): Promise<Batch> {
  const ids = series.flatMap(({ parts }) => parts.map(({ seriesId }) => seriesId));
  const rows = await database.transaction((session) => readRows(session, ids, range), { readOnly: true, signal });
  const bySeries = Map.groupBy(rows, ({ seriesId }) => seriesId);
  return series.map((one) => [one, one.parts.flatMap(({ seriesId }) => bySeries.get(seriesId) ?? [])]);
}
