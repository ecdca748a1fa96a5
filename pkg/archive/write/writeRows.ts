import { PromkeepError } from '../../core/model/errors';
import { type RangeWrite } from '../../core/ports/sampleStore';
import { byteaArray, readInt64 } from './binaryArrays';
import { type Row, type Transaction } from '../connect/database';
import { ofSource, type Session } from '../connect/session';
import { chooseClosed, cutRuns } from '../pack/cutRuns';
import { toMultirange } from '../ledger/gridRanges';
import { requireRoomForKept } from '../definitions/keptQuota';
import { requireEpoch } from '../ledger/leaseRows';
import { notePacked, storePacked } from '../pack/storePacked';
import { displayNameOf, identityOf, makeQuery, type OpenedQuery, type QueryDefinition } from '../definitions/queryRows';
import { type SampleChanges } from './sampleDiff';
import { encodeChunk, insertSamples, timeText } from './sampleRows';
import { countSamples, type SampleRun, toColumns } from './sampleRuns';
import { FINGERPRINT_BYTES, type SeriesOrigin, type StorableSeries } from './seriesIdentity';

/** A write whose locks are held. */
export interface OpenWrite {
  query: OpenedQuery;
  /** Of each series asked for, in their order; absent where there is no row yet. */
  known: Array<KnownSeries | undefined>;
}

export interface KnownSeries {
  seriesId: number;
  origin: SeriesOrigin | undefined;
}

/** By the byte the database sends. */
const ORIGINS: ReadonlyArray<SeriesOrigin | undefined> = [undefined, 'named', 'nameless', 'scalar'];
/** Fingerprint, id, origin. */
const ENTRY_BYTES = FINGERPRINT_BYTES + 8 + 1;

/**
 * Takes the lease and then the query's row, as every writer does in this order, and finds the rows of the series; makes the
 * query where it is missing. One round trip, for everything else a write does takes hardly longer. Throws
 * `ARCHIVE_NOT_LEADER`, and `ARCHIVE_QUERY_CHANGED` when the query was deleted.
 */
export async function openWrite(
  session: Session,
  { query, epoch }: Pick<RangeWrite, 'query' | 'epoch'>,
  definition: QueryDefinition,
  series: readonly StorableSeries[]
): Promise<OpenWrite> {
  const prints = byteaArray(
    series.map(({ print }) => print),
    FINGERPRINT_BYTES
  );
  for (let attempt = 0; attempt < 4; attempt++) {
    const [row] = await session.rows(
      `SELECT * FROM promkeep_open_write($1::bigint, $2::text, $3::bigint, $4::text, $5::bytea, $6::bytea[])`,
      [...ofSource(session), epoch ?? null, query.kind, identityOf(query), prints]
    );
    if (row.leads !== true) {
      // Makes the row of a lease nobody ever held; throws when the epoch is another.
      await requireEpoch(session, epoch);
    } else if (row.query_id === null) {
      await requireRoomForKept(session, query);
      await makeQuery(session, query, definition);
    } else {
      if (row.deleted === true) {
        throw new PromkeepError('ARCHIVE_QUERY_CHANGED', `The recorded query ${displayNameOf(query)} has been deleted`);
      }
      return { query: toQuery(row), known: toKnown(row, series) };
    }
  }
  throw new PromkeepError('INTERNAL', `Query ${JSON.stringify(displayNameOf(query))} vanished while it was made`);
}

function toQuery(row: Row): OpenedQuery {
  return {
    queryId: Number(row.query_id),
    version: Number(row.version),
    expression: String(row.expression),
    stepMs: Number(row.step_ms),
    raw: row.raw === true,
    retention: String(row.retention),
    packedUntilMs: row.packed_until_ms === null ? -Infinity : Number(row.packed_until_ms),
    // Ranges are noted in whole milliseconds, cut off. Without a note (they expire) nothing is known.
    untilMs: row.newest_ms === null ? Infinity : Number(row.newest_ms) + 1,
    periodMs: Number(row.period_ms),
    packedClass: String(row.packed_class),
  };
}

function toKnown({ series: bytes }: Row, wanted: readonly StorableSeries[]): OpenWrite['known'] {
  const found = new Map<string, KnownSeries>();
  if (Buffer.isBuffer(bytes)) {
    for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
      found.set(bytes.toString('hex', at, at + FINGERPRINT_BYTES), {
        seriesId: readInt64(bytes, at + FINGERPRINT_BYTES),
        origin: ORIGINS[bytes[at + ENTRY_BYTES - 1]],
      });
    }
  }
  return wanted.map(({ fingerprint }) => found.get(fingerprint));
}

/** So many samples go along in the call that notes the write; more go by COPY, which costs a round trip and takes less time from here on. */
const CALL_SAMPLES = 4_000;

/** A write whose differences to what is stored are known. */
export interface PreparedWrite {
  query: OpenedQuery;
  write: RangeWrite;
  changes: SampleChanges;
  /** Series that could not be stored. */
  refusedCount: number;
  /** What belongs to periods that closed before this time (Unix ms) is packed at once. */
  closedBeforeMs: number;
}

/**
 * Notes the write and what it covers, and inserts its new samples; gives the id under which the changed ones are noted.
 */
export async function addFetch(tx: Transaction, prepared: PreparedWrite): Promise<number> {
  const { query, changes, closedBeforeMs } = prepared;
  const { closed, rest, untilMs } = chooseClosed(changes.inserts, { periodMs: query.periodMs, closedBeforeMs });
  const many = countSamples(rest) > CALL_SAMPLES;
  const { insertCount, unchanged, updates, deletes } = changes;
  const counts = [insertCount, unchanged, updates.timesMs.length, deletes.timesMs.length, prepared.refusedCount];
  const fetchId = await noteFetch(tx, query, { ...prepared.write, counts }, many ? [] : rest);
  if (many) {
    await insertSamples(tx, rest, fetchId);
  }
  if (closed.length > 0) {
    await storePacked(tx, cutRuns(closed), query.packedClass, fetchId);
    await notePacked(tx, query.queryId, untilMs);
  }
  return fetchId;
}

/** What is noted of a write. */
export interface NotedWrite extends Pick<RangeWrite, 'range' | 'provenance' | 'covered'> {
  /** Inserted, unchanged, revised, withdrawn samples; refused series. */
  counts: readonly number[];
}

/** Notes a write that changes samples, inserts `fresh` and adds to the coverage; gives its id. */
export async function noteFetch(
  tx: Transaction,
  query: Pick<OpenedQuery, 'queryId' | 'version' | 'expression' | 'stepMs'>,
  { provenance, range, covered, counts }: NotedWrite,
  fresh: readonly SampleRun[]
): Promise<number> {
  const { keys, values } = encodeChunk(toColumns(fresh));
  const [row] = await tx.rows(
    `SELECT * FROM promkeep_add_fetch($1::bigint, $2::integer, $3::timestamptz, $4::timestamptz, $5::timestamptz, $6::text, $7::text, $8::text[],
       $9::bigint[], $10::tstzmultirange, $11::bigint[], $12::timestamptz[], $13::float8[])`,
    [
      query.queryId,
      query.version,
      timeText(range.fromMs),
      timeText(range.toMs),
      timeText(provenance.fetchedAtMs),
      provenance.expression === query.expression ? null : provenance.expression,
      provenance.prometheusVersion ?? null,
      [...provenance.warnings],
      [...counts],
      toMultirange(covered, query.stepMs),
      ...keys,
      values,
    ]
  );
  tx.id = String(row.transaction_id);
  return Number(row.fetch_id);
}
