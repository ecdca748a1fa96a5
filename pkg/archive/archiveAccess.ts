import { toArchiveError } from './archiveErrors';
import { type ArchiveConnection } from './connect/connection';
import { type Database } from './connect/database';
import { errorCode } from './connect/sqlState';
import { migrateSchema, type ReadySchema } from './schema/migrator';

export interface AccessParts {
  database: Database;
  connection: ArchiveConnection;
  /** See `ArchiveOptions`. */
  schema?: string;
  /** Told when what was known of the tables holds no more. */
  onVanished(): void;
}

/** The way to an archive's tables: makes them ready before their first use, and rejects with `PromkeepError` only. */
export class ArchiveAccess {
  private ready: Promise<ReadySchema> | undefined;

  constructor(private readonly parts: AccessParts) {}

  migrate(): Promise<ReadySchema> {
    this.ready = undefined;
    return this.guard(() => this.schema());
  }

  use<T>(work: (schema: ReadySchema) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.guard(async () => {
      try {
        return await work(await this.schema());
      } catch (error) {
        if (!tableVanished(error)) {
          throw error;
        }
        // Somebody dropped the schema or restored another database under us: migrate again, once.
        this.ready = undefined;
        this.parts.onVanished();
        return work(await this.schema());
      }
    }, signal);
  }

  private async guard<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toArchiveError(error, this.parts.connection, signal);
    }
  }

  /** Migrates once; a failure is not remembered, so the next call tries again. */
  private schema(): Promise<ReadySchema> {
    if (this.ready === undefined) {
      const { database, connection, schema } = this.parts;
      const ready = migrateSchema(database, schema ?? connection.schema);
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
