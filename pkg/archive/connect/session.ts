import { type SourceIdentity } from '../../core/ports/archive';
import { type Clock } from '../../core/ports/clock';
import { type Logger } from '../../core/ports/logger';
import { migrateSchema, type ReadySchema } from '../schema/migrator';
import { type ArchiveConnection } from './connection';
import { Database, type Transaction, type TransactionOptions } from './database';
import { causeCode } from './sqlState';

/** A transaction in the archive of one source: what everything that speaks SQL for it takes first. */
export interface Session extends Transaction {
  readonly source: SourceIdentity;
  readonly clock: Clock;
}

/** Of whoever has the values of `ofSource`. */
export const SOURCE_ID = '(SELECT source_id FROM promkeep_sources WHERE org_id = $1::bigint AND name = $2::text)';

/** Values for `org_id = $1::bigint` and `name = $2::text`. */
export function ofSource({ source }: Pick<Session, 'source'>): [number, string] {
  return [source.orgId, source.name];
}

export interface SourceOptions {
  connection: ArchiveConnection;
  source: SourceIdentity;
  logger: Logger;
  clock: Clock;
  /** Schema of the tables; absent: that of the connection, else `promkeep`, see `migrateSchema`. */
  schema?: string;
}

/** The database of one source's archive. Its tables are made ready before their first use. */
export class SourceDatabase extends Database {
  private ready: Promise<ReadySchema> | undefined;

  constructor(private readonly options: SourceOptions) {
    super(options.connection, options.logger);
  }

  get source(): SourceIdentity {
    return this.options.source;
  }

  get clock(): Clock {
    return this.options.clock;
  }

  override async transaction<T>(work: (session: Session) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { source, clock } = this.options;
    // The same object, as its id is asked for after the commit.
    const run = (): Promise<T> => super.transaction((tx) => work(Object.assign(tx, { source, clock })), options);
    if (options.searchPath !== undefined) {
      // The migrator's own.
      return run();
    }
    await this.migrateOnce();
    try {
      return await run();
    } catch (error) {
      if (!tableVanished(error)) {
        throw error;
      }
      // Somebody dropped the schema or restored another database under us: migrate again, once.
      await this.migrate();
      return run();
    }
  }

  /** Looks at the schema anew, and brings it up to date. */
  migrate(): Promise<ReadySchema> {
    this.ready = undefined;
    return this.migrateOnce();
  }

  /** Migrates once; a failure is not remembered, so the next call tries again. */
  migrateOnce(): Promise<ReadySchema> {
    if (this.ready === undefined) {
      const { schema, connection } = this.options;
      const ready = migrateSchema(this, schema ?? connection.schema);
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
  return ['42P01', '42883', '3F000'].includes(causeCode(error) ?? '');
}
