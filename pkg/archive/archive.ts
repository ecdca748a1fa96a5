import { PromkeepError } from '../core/model/errors';
import { type Archive, type PoolUse, type SourceIdentity } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Gap } from '../core/ports/ledger';
import { type LeaseState } from '../core/ports/lease';
import { type Logger } from '../core/ports/logger';
import { type QueryIdentity } from '../core/ports/sampleStore';
import { type History } from '../core/ports/history';
import { type Definitions } from '../core/ports/definitions';
import { toArchiveError } from './archiveErrors';
import { readBuckets, readRollups } from './read/readBuckets';
import { type ArchiveConnection } from './connect/connection';
import { type Transaction } from './connect/database';
import { SourceDatabase } from './connect/session';
import { readGrid } from './read/readGrid';
import { readSeriesLabels } from './read/readSeriesLabels';
import { addGap, readCoverage } from './ledger/ledgerRows';
import { requireEpoch, holdLease, readLease, releaseLease } from './ledger/leaseRows';
import { readLedger } from './ledger/readLedger';
import { migrateSchema, type ReadySchema } from './schema/migrator';
import { Partitions } from './schema/partitions';
import { provision } from './definitions/provision';
import { findQueryId, lockQuery } from './definitions/queryRows';
import { readSeries } from './read/readSeries';
import { createDefinitions, purgeNames, reportShortened } from './definitions/definitionStore';
import { timeText } from './write/sampleRows';
import { IdentityMemory } from './write/seriesIdentity';
import { errorCode } from './connect/sqlState';
import { readStatus } from './read/readStatus';
import { writeRange, type WriterMemory } from './write/writeRange';

export interface ArchiveOptions {
  connection: ArchiveConnection;
  source: SourceIdentity;
  logger: Logger;
  clock: Clock;
  /** Schema of the tables; absent: that of the connection, else `promkeep`, see `migrateSchema`. */
  schema?: string;
}

/** The state before the first leader. */
const NOBODY: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };
const DAY_MS = 86_400_000;

export interface PooledArchive extends Archive {
  poolUse(): PoolUse;
}

/** The archive of one source in PostgreSQL. Nothing is connected before the first call, and a failed one may be repeated. */
export function createArchive(options: ArchiveOptions): PooledArchive {
  return new PostgresArchive(options);
}

class PostgresArchive implements PooledArchive {
  private readonly database: SourceDatabase;
  private readonly memory: WriterMemory;
  private ready: Promise<ReadySchema> | undefined;

  constructor(private readonly options: ArchiveOptions) {
    this.database = new SourceDatabase(options);
    this.memory = { partitions: new Partitions(this.database), identities: new IdentityMemory() };
    this.definitions = createDefinitions({
      ...options,
      database: this.database,
      use: (work) => this.use(({ quoted }) => work(quoted)),
    });
  }

  poolUse(): PoolUse {
    return this.database.poolUse();
  }

  async migrate(): ReturnType<Archive['migrate']> {
    this.ready = undefined;
    const { from, to } = await this.guard(() => this.schema());
    return { from, to };
  }

  provision(...[queries, epoch]: Parameters<Archive['provision']>): ReturnType<Archive['provision']> {
    const { source } = this.options;
    const names = queries.map(({ name }) => name);
    return this.use(async ({ quoted }) => {
      await purgeNames({ database: this.database, source }, quoted, names, new AbortController().signal);
      const waiting = await provision(this.database, quoted, source, queries, epoch);
      waiting.forEach((one) => reportShortened(this.options.logger, one));
    });
  }

  writeRange(...[write, signal]: Parameters<Archive['writeRange']>): ReturnType<Archive['writeRange']> {
    return this.use(
      ({ quoted }) => writeRange(this.database, this.memory, quoted, this.options.source, write, signal),
      signal
    );
  }

  readSeries(...[read, signal]: Parameters<Archive['readSeries']>): ReturnType<Archive['readSeries']> {
    return this.use(({ quoted }) => readSeries(this.database, quoted, this.options.source, read, signal), signal);
  }

  coverage(name: string): ReturnType<Archive['coverage']> {
    return this.use(({ quoted }) =>
      this.database.transaction(
        async (tx) => {
          const queryId = await findQueryId(tx, quoted, this.options.source, recorded(name));
          return queryId === undefined ? [] : readCoverage(tx, quoted, queryId);
        },
        { readOnly: true }
      )
    );
  }

  noteGap(name: string, gap: Gap, epoch?: number): ReturnType<Archive['noteGap']> {
    return this.use(({ quoted }) =>
      this.database.transaction(async (tx) => {
        await requireEpoch(tx, quoted, this.options.source, epoch);
        const query = await lockQuery(tx, quoted, this.options.source, recorded(name));
        if (query === undefined || query.deleted) {
          throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
        }
        await addGap(tx, quoted, query, gap);
      })
    );
  }

  holdLease(...[request]: Parameters<Archive['holdLease']>): ReturnType<Archive['holdLease']> {
    const { source } = this.options;
    return this.use(({ quoted }) => this.database.transaction((tx) => holdLease(tx, quoted, source, request)));
  }

  releaseLease(...[lease]: Parameters<Archive['releaseLease']>): ReturnType<Archive['releaseLease']> {
    const { source } = this.options;
    return this.use(({ quoted }) => this.database.transaction((tx) => releaseLease(tx, quoted, source, lease)));
  }

  currentLease(): ReturnType<Archive['currentLease']> {
    return this.read(async (tx, schema) => (await readLease(tx, schema, this.options.source)) ?? NOBODY);
  }

  ledger(): ReturnType<Archive['ledger']> {
    return this.read((tx, schema) => readLedger(tx, schema, this.options.source));
  }

  readonly definitions: Definitions;

  readonly history: History = {
    readGrid: (read, signal) =>
      this.use(({ quoted }) => readGrid(this.database, quoted, this.options.source, read, signal), signal),
    rollups: (query, range, signal) =>
      this.use(({ quoted }) => readRollups(this.database, quoted, this.options.source, query, range, signal), signal),
    readBuckets: (read, signal) =>
      this.use(({ quoted }) => readBuckets(this.database, quoted, this.options.source, read, signal), signal),
    seriesLabels: (read, signal) =>
      this.use(
        ({ quoted }) =>
          this.database.transaction((tx) => readSeriesLabels(tx, quoted, this.options.source, read, signal), {
            signal,
            readOnly: true,
          }),
        signal
      ),
  };

  keptToday(): ReturnType<Archive['keptToday']> {
    const { source, clock } = this.options;
    const dayStartMs = Math.floor(clock.nowMs() / DAY_MS) * DAY_MS;
    return this.use(({ quoted }) =>
      this.database.transaction(
        async (tx) => {
          const [row] = await tx.rows(
            `SELECT coalesce(sum(f.inserted), 0) AS kept FROM ${quoted}.promkeep_sources o
             JOIN ${quoted}.promkeep_queries q ON q.source_id = o.source_id AND q.kind = 'kept'
             JOIN ${quoted}.promkeep_fetches f ON f.query_id = q.query_id
             WHERE o.org_id = $1::bigint AND o.name = $2::text AND f.fetched_at >= $3::timestamptz`,
            [source.orgId, source.name, timeText(dayStartMs)]
          );
          return Number(row.kept);
        },
        { readOnly: true }
      )
    );
  }

  status(): ReturnType<Archive['status']> {
    return this.use(({ quoted, to }) => readStatus(this.database, quoted, this.options.source, to));
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private read<T>(work: (tx: Transaction, schema: string) => Promise<T>): Promise<T> {
    return this.use(({ quoted }) => this.database.transaction((tx) => work(tx, quoted), { readOnly: true }));
  }

  private async use<T>(work: (schema: ReadySchema) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.guard(async () => {
      try {
        return await work(await this.schema());
      } catch (error) {
        if (!tableVanished(error)) {
          throw error;
        }
        // Somebody dropped the schema or restored another database under us: migrate again, once.
        this.ready = undefined;
        this.memory.partitions.forget();
        return work(await this.schema());
      }
    }, signal);
  }

  private async guard<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toArchiveError(error, this.options.connection, signal);
    }
  }

  /** Migrates once; a failure is not remembered, so the next call tries again. */
  private schema(): Promise<ReadySchema> {
    if (this.ready === undefined) {
      const ready = migrateSchema(this.database, this.options.schema ?? this.options.connection.schema);
      ready.catch(() => {
        if (this.ready === ready) {
          this.ready = undefined;
        }
      });
      this.ready = ready;
    }
    return this.ready;
  }
}

function tableVanished(error: unknown): boolean {
  return ['42P01', '42883', '3F000'].includes(errorCode(error instanceof Error ? error.cause : undefined) ?? '');
}

function recorded(name: string): QueryIdentity {
  return { kind: 'recorded', name };
}
