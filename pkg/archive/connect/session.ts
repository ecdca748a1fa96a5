import { type SourceIdentity } from '../../core/ports/archive';
import { type Clock } from '../../core/ports/clock';
import { type Logger } from '../../core/ports/logger';
import { type ArchiveConnection } from './connection';
import { Database, type Transaction, type TransactionOptions } from './database';

/** A transaction in the archive of one source: what everything that speaks SQL for it takes first. */
export interface Session extends Transaction {
  readonly source: SourceIdentity;
  readonly clock: Clock;
}

export interface SourceOptions {
  connection: ArchiveConnection;
  logger: Logger;
  source: SourceIdentity;
  clock: Clock;
}

/** The database of one source's archive. */
export class SourceDatabase extends Database {
  readonly source: SourceIdentity;
  readonly clock: Clock;

  constructor({ connection, logger, source, clock }: SourceOptions) {
    super(connection, logger);
    this.source = source;
    this.clock = clock;
  }

  override transaction<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T> {
    const { source, clock } = this;
    // The same object, as its id is asked for after the commit.
    return super.transaction((tx) => work(Object.assign(tx, { source, clock })), options);
  }
}
