import { PromkeepError } from '../../core/model/errors';
import { type RawSeries, rawSpan, RAW_STEP_MS } from '../../core/model/rawSeries';
import { type RawWrite } from '../../core/ports/rawSeries';
import { type WriteOutcome } from '../../core/ports/sampleStore';
import { inWordsOf } from '../../remote/codecError';
import { type Session, type SourceDatabase } from '../connect/session';
import { openVersion } from '../definitions/openVersion';
import { type OpenedQuery, type QueryDefinition } from '../definitions/queryRows';
import { addCoverage, addGap } from '../ledger/ledgerRows';
import { type Partitions, weeksWithin } from '../schema/partitions';
import { outsideOf } from '../write/sampleDiff';
import { timeText } from '../write/sampleRows';
import { MAX_WEEKS } from '../write/writeRange';
import { noteFetch, openWrite } from '../write/writeRows';
import { dayOf, DAY_MS, rowsOf, withStored } from './chunkRow';
import { deleteRows, insertRows, readRows } from './chunkRows';
import { cutChunks } from './cutChunks';
import { IdSet } from './idSet';
import { batchesOf, flatInTurns } from './rawBatches';
import { type NamedSeries, nameSeries } from './rawIdentity';
import { resolveRaw } from './rawSeriesRows';
import { type Replacing, replaceSeries } from './replaceRows';

/** Rows of so many series are read at once where they may have to be changed. */
const READ_SERIES = 500;
const LIST_SERIES = 5_000;

/**
 * As `writeRange`, for raw series: replaces what the archive has of a definition in a range, in one transaction with
 * provenance, coverage and gaps. The series are read while they are written, some megabytes at a time.
 */
export async function writeRaw(
  database: SourceDatabase,
  partitions: Partitions,
  write: RawWrite,
  signal: AbortSignal
): Promise<WriteOutcome> {
  const weeks = weeksWithin(rawSpan(write.range));
  if (weeks.length > MAX_WEEKS) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The range has ${weeks.length} weeks; at most ${MAX_WEEKS} can be written at once`
    );
  }
  let trusting = true;
  const attempt = async (): Promise<WriteOutcome> => {
    await partitions.ensureChunks(weeks, signal);
    return database.transaction(
      (session) => {
        const writing = new RawWriting(session, write, trusting);
        trusting = false;
        return writing.run(signal);
      },
      { signal }
    );
  };
  return partitions.again(attempt);
}

/** One attempt of a write, in its transaction. */
class RawWriting {
  private readonly replacing: Replacing;
  private readonly refused: WriteOutcome['refused'] = [];
  private readonly seen = new IdSet();
  private seriesCount = 0;

  /** @param trusting whether the noted ranges may be believed to say what is stored; not when that ended in a doubled key before */
  constructor(
    private readonly session: Session,
    private readonly write: RawWrite,
    private readonly trusting: boolean
  ) {
    this.replacing = {
      span: rawSpan(write.range),
      trusted: outsideOf(write.gaps.map(rawSpan)),
      withdraws: write.withdraws !== false,
      counts: { inserted: 0, unchanged: 0, revised: 0, withdrawn: 0 },
      changes: { inserts: [], deletes: [] },
    };
  }

  async run(signal: AbortSignal): Promise<WriteOutcome> {
    const { session, write, replacing } = this;
    const { name, provenance, retention, epoch } = write;
    const definition: QueryDefinition = {
      expression: provenance.expression,
      stepMs: RAW_STEP_MS,
      retention,
      raw: true,
    };
    const opened = await openWrite(session, { query: { kind: 'recorded', name }, epoch }, definition, []);
    const query = await openVersion(session, opened.query, { name, ...definition });
    // Behind everything that was ever written there is nothing to read.
    const isBehind = this.trusting && replacing.span.fromMs >= query.untilMs;
    for await (const batch of batchesOf(session, write.series(signal))) {
      await this.writeBatch(query, batch, isBehind);
    }
    if (!isBehind && replacing.withdraws) {
      await this.withdrawOthers(query);
    }
    await this.note(query);
    const { inserted, unchanged, revised, withdrawn } = replacing.counts;
    return { inserted, unchanged, revised, withdrawn, refused: this.refused };
  }

  private async writeBatch({ queryId }: OpenedQuery, batch: readonly RawSeries[], isBehind: boolean): Promise<void> {
    const named = await this.named(batch);
    const { ids, faults } = await resolveRaw(this.session, queryId, named);
    const fresh = new Map<number, NamedSeries>();
    for (const one of named) {
      const print = one.print.toString('hex');
      const id = ids.get(print);
      if (id === undefined) {
        this.refuse(one, faults.get(print) ?? 'PostgreSQL did not store its labels');
      } else if (this.seen.add(id)) {
        fresh.set(id, one);
      }
    }
    this.seriesCount += fresh.size;
    if (isBehind) {
      this.addAll(fresh);
      await this.apply();
      return;
    }
    const all = [...fresh];
    for (let start = 0; start < all.length; start += READ_SERIES) {
      await this.replace(new Map(all.slice(start, start + READ_SERIES)));
    }
  }

  private named(batch: readonly RawSeries[]): Promise<NamedSeries[]> {
    const { span } = this.replacing;
    return flatInTurns(batch, (series) => {
      const named = nameSeries(series);
      if (typeof named === 'string') {
        this.refuse(series, named);
        return [];
      }
      const chunks = inWordsOf('source', () => cutChunks(series.chunks, span));
      return chunks.length === 0 ? [] : [{ ...named, chunks }];
    });
  }

  private addAll(fresh: ReadonlyMap<number, NamedSeries>): void {
    const { counts, changes } = this.replacing;
    for (const [seriesId, { chunks }] of fresh) {
      for (const row of rowsOf(chunks)) {
        counts.inserted += row.sampleCount;
        changes.inserts.push({ ...row, seriesId });
      }
    }
  }

  /** Series that are listed without chunks are withdrawn. */
  private async replace(fresh: ReadonlyMap<number, Pick<NamedSeries, 'chunks'>>): Promise<void> {
    const rows = await readRows(this.session, [...fresh.keys()], this.replacing.span);
    const stored = Map.groupBy(rows, ({ seriesId }) => seriesId);
    for (const [seriesId, { chunks }] of fresh) {
      withStored(() => replaceSeries(this.replacing, seriesId, stored.get(seriesId) ?? [], chunks));
    }
    await this.apply();
  }

  private async apply(): Promise<void> {
    const { changes } = this.replacing;
    await deleteRows(this.session, changes.deletes);
    await insertRows(this.session, changes.inserts);
    this.replacing.changes = { inserts: [], deletes: [] };
  }

  /** Series of which the new answer has nothing. */
  private async withdrawOthers({ queryId }: OpenedQuery): Promise<void> {
    for (let last = 0, found = LIST_SERIES; found === LIST_SERIES;) {
      const rows = await this.session.rows(
        `SELECT r.series_id FROM promkeep_raw_series r WHERE r.query_id = $1::bigint AND r.series_id > $2::bigint
         ORDER BY r.series_id LIMIT ${LIST_SERIES}`,
        [queryId, last]
      );
      const ids = rows.map((row) => Number(row.series_id));
      const gone = ids.filter((id) => !this.seen.has(id));
      for (let start = 0; start < gone.length; start += READ_SERIES) {
        await this.replace(new Map(gone.slice(start, start + READ_SERIES).map((id) => [id, { chunks: [] }])));
      }
      found = ids.length;
      last = ids.at(-1) ?? last;
    }
  }

  private async note(query: OpenedQuery): Promise<void> {
    const { session, write, replacing, refused } = this;
    const { inserted, unchanged, revised, withdrawn } = replacing.counts;
    if (inserted + revised + withdrawn === 0) {
      await addCoverage(session, query, write.covered);
    } else {
      const counts = [inserted, unchanged, revised, withdrawn, refused.length];
      const fetchId = await noteFetch(session, query, { ...write, range: replacing.span, counts }, []);
      await session.run('UPDATE promkeep_fetches SET series = $2::bigint WHERE fetch_id = $1::bigint', [
        fetchId,
        this.seriesCount,
      ]);
    }
    for (const gap of write.gaps) {
      await addGap(session, query, gap);
    }
    const dayMs = dayOf(replacing.span.fromMs) * DAY_MS;
    if (dayMs < query.packedUntilMs) {
      await session.run(
        'UPDATE promkeep_queries SET packed_until = least(packed_until, $2::timestamptz) WHERE query_id = $1::bigint',
        [query.queryId, timeText(dayMs)]
      );
    }
  }

  private refuse({ labels }: Pick<RawSeries, 'labels'>, reason: string): void {
    this.refused.push({ labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])), reason });
  }
}
