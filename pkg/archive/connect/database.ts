import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, type PoolClient, type QueryResult } from 'pg';
import { PromkeepError } from '../../core/model/errors';
import { type Logger } from '../../core/ports/logger';
import { type PoolUse } from '../../core/ports/archive';
import { StaleReadError, toArchiveError } from '../archiveErrors';
import { cancelRunningStatement, destroySocket } from './cancelRequest';
import { copyIn, copyOut } from './copy';
import { type ArchiveConnection, describeConnection, poolConfig } from './connection';
import { cameFromServer, judge } from './sqlState';
import { answerLimitMs, STATEMENT_LIMITS, type StatementLimits, type StatementPurpose } from './statementLimits';

export type Row = Readonly<Record<string, unknown>>;

export interface Transaction {
  /** Runs one statement with bound values. */
  rows(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs one statement, gives the number of rows it touched. */
  run(sql: string, values?: readonly unknown[]): Promise<number>;
  /** Runs `COPY … FROM STDIN`. The server takes in one chunk of its data while the next is made. */
  copyIn(sql: string, chunks: Iterable<Buffer>): Promise<void>;
  /**
   * Runs `COPY … TO STDOUT` and gives all of its bytes: binary values as they are, which `rows` would have as text. It takes no bound
   * values: only numbers and times of the program's own may stand in it.
   */
  copyOut(sql: string): Promise<Buffer>;
  /**
   * The transaction's own id (`pg_current_xact_id()`). With it, a commit whose answer got lost is looked up instead of done
   * again, so that counts stay exact.
   */
  id?: string;
}

export interface TransactionOptions {
  signal?: AbortSignal;
  readOnly?: boolean;
  /** Every statement sees the database as the first one did. */
  snapshot?: boolean;
  /** How long each of its statements may take; default `asked`. */
  purpose?: StatementPurpose;
  /** How long each lock may be waited for; default: as long as the statement may take. */
  lockTimeoutMs?: number;
  /**
   * Where names without a schema are looked for. `archive`, the default: in `pg_catalog` and the archive's schema, once that is
   * known. `catalog`: in `pg_catalog` alone. `role`: on the role's own path. `pg_temp` is always last, not first.
   */
  searchPath?: 'archive' | 'catalog' | 'role';
}

const POOL_SIZE = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 30_000;
/**
 * A program that is stopped (SIGSTOP, a frozen virtual machine) inside a transaction keeps its locks; the server ends it after
 * this long, before the shortest usual lease is over, so that another archiver can take its place.
 */
const IDLE_IN_TRANSACTION_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const RETRY_DELAYS_MS = [50, 200, 800];

/**
 * A small pool of lazily opened connections. Everything runs in a transaction and depends on nothing a session would have to
 * remember, so a pooler in transaction mode may lie between.
 */
export class Database {
  private readonly pool: Pool;
  private readonly active = new Set<PoolClient>();
  private closing: Promise<void> | undefined;
  private quotedSchema: string | undefined;

  constructor(
    private readonly connection: ArchiveConnection,
    private readonly logger: Logger,
    private readonly limits: StatementLimits = STATEMENT_LIMITS
  ) {
    this.pool = new Pool({
      ...poolConfig(connection),
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_TIMEOUT_MS,
      query_timeout: answerLimitMs(limits, 'asked'),
      keepAlive: true,
      allowExitOnIdle: true,
    });
    // A connection that dies while idle is replaced by the next one; without a listener it would end the process.
    this.pool.on('error', (error) => this.logger.warn('An idle archive connection was lost', { error: error.message }));
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /**
   * Runs `work` in a transaction and resolves after its commit. `work` may run several times: what fails for a passing reason
   * is tried again. Rejects with `PromkeepError`.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      this.assertOpen(options.signal);
      try {
        return await this.attempt(work, options);
      } catch (error) {
        const passing = error instanceof StaleReadError || judge(error).reaction === 'retry';
        const wrapped = toArchiveError(error, this.connection, options.signal);
        if (
          error instanceof PromkeepError ||
          !passing ||
          options.signal?.aborted ||
          attempt === RETRY_DELAYS_MS.length
        ) {
          throw wrapped;
        }
        this.logger.debug('Trying an archive transaction again', { attempt, reason: wrapped.message });
        const jitteredMs = RETRY_DELAYS_MS[attempt] * (0.5 + Math.random());
        await sleep(jitteredMs, undefined, { signal: options.signal }).catch(() => undefined);
      }
    }
  }

  /** Runs one statement that only reads, in a transaction of its own. */
  rows(sql: string, values: readonly unknown[] = [], options: TransactionOptions = {}): Promise<Row[]> {
    return this.transaction((tx) => tx.rows(sql, values), { ...options, readOnly: true });
  }

  /**
   * From now on names without a schema are looked for in this one as well. Only one in which nobody else may create, see
   * `requireOwnSchema`, may be on the search path.
   */
  useSchema(quoted: string): void {
    this.quotedSchema = quoted;
  }

  poolUse(): PoolUse {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, limit: POOL_SIZE };
  }

  /** Waits for running transactions for at most five seconds, then cuts their connections. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    const ended = this.pool.end();
    const timer = new AbortController();
    const late = await Promise.race([
      ended.then(() => false),
      sleep(CLOSE_TIMEOUT_MS, true, { signal: timer.signal, ref: false }).catch(() => false),
    ]);
    timer.abort();
    if (late) {
      this.logger.warn('Cutting archive connections that were still at work', { connections: this.active.size });
      this.active.forEach(destroySocket);
    }
  }

  private assertOpen(signal: AbortSignal | undefined): void {
    if (signal?.aborted) {
      throw new PromkeepError('QUERY_CANCELLED', 'Cancelled before the archive was asked');
    }
    if (this.closing !== undefined) {
      throw new PromkeepError('ARCHIVE_OFF', 'The archive is being closed');
    }
  }

  private async attempt<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    const client = await this.connect();
    this.active.add(client);
    const onAbort = (): void => void cancelRunningStatement(client, this.connection);
    options.signal?.addEventListener('abort', onAbort, { once: true });
    let broken = false;
    try {
      if (options.signal?.aborted) {
        throw new PromkeepError('QUERY_CANCELLED', 'Cancelled before the archive was asked');
      }
      return await this.runIn(client, work, options);
    } catch (error) {
      broken = !(await rollBack(client, error));
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      this.active.delete(client);
      // A cancel request that is still under way must not hit the next user of this connection.
      client.release(broken || options.signal?.aborted === true);
    }
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      const exhausted = this.active.size >= POOL_SIZE && /timeout/.test(error instanceof Error ? error.message : '');
      if (exhausted) {
        const message = `All ${POOL_SIZE} connections to the archive at ${describeConnection(this.connection)} stayed busy`;
        throw new PromkeepError('ARCHIVE_BUSY', message, { cause: error });
      }
      throw error;
    }
  }

  private async runIn<T>(
    client: PoolClient,
    work: (tx: Transaction) => Promise<T>,
    options: TransactionOptions
  ): Promise<T> {
    const { purpose = 'asked' } = options;
    await client.query(this.begin(options, this.limits.serverMs[purpose]));
    const limitMs = answerLimitMs(this.limits, purpose);
    // Not named in place: the types of `pg` do not know `query_timeout` of a single query.
    const ask = (text: string, values?: readonly unknown[]): Promise<QueryResult<Record<string, unknown>>> => {
      const query = { text, values: values && [...values], query_timeout: limitMs };
      return client.query(query);
    };
    const tx: Transaction = {
      rows: async (sql, values) => (await ask(sql, values)).rows,
      run: async (sql, values) => (await ask(sql, values)).rowCount ?? 0,
      copyIn: (sql, chunks) => copyIn(client, sql, chunks, limitMs),
      copyOut: (sql) => copyOut(client, sql, limitMs),
    };
    const result = await work(tx);
    try {
      await ask('COMMIT');
    } catch (error) {
      if (tx.id !== undefined && !cameFromServer(error) && (await this.committed(tx.id))) {
        this.logger.info('The answer to a commit was lost; the database says it was made');
        return result;
      }
      throw error;
    }
    return result;
  }

  /** One round trip, and nothing that outlives the transaction. */
  private begin(options: TransactionOptions, limitMs: number): string {
    const { snapshot, readOnly, lockTimeoutMs, searchPath = 'archive' } = options;
    const own = searchPath === 'archive' && this.quotedSchema ? `${this.quotedSchema}, ` : '';
    return [
      `BEGIN ISOLATION LEVEL ${snapshot ? 'REPEATABLE READ' : 'READ COMMITTED'}${readOnly ? ' READ ONLY' : ''}`,
      `SET LOCAL statement_timeout = ${limitMs}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
      ...(lockTimeoutMs === undefined ? [] : [`SET LOCAL lock_timeout = ${lockTimeoutMs}`]),
      ...(searchPath === 'role' ? [] : [`SET LOCAL search_path = pg_catalog, ${own}pg_temp`]),
    ].join('; ');
  }

  /** Asks a new connection what became of a transaction; rejects when that cannot be found out. */
  private async committed(transactionId: string): Promise<boolean> {
    const deadlineMs = performance.now() + CONNECT_TIMEOUT_MS;
    for (;;) {
      const [row] = await this.rows('SELECT pg_xact_status($1::text::xid8) AS status', [transactionId]);
      if (row?.status !== 'in progress') {
        return row?.status === 'committed';
      }
      if (performance.now() > deadlineMs) {
        throw new PromkeepError('ARCHIVE_BUSY', 'The archive did not say in time whether the last write was committed');
      }
      await sleep(100);
    }
  }
}

/** Whether the connection is still usable afterwards. */
async function rollBack(client: PoolClient, error: unknown): Promise<boolean> {
  if (!cameFromServer(error) && !(error instanceof PromkeepError) && !(error instanceof StaleReadError)) {
    return false;
  }
  return client.query('ROLLBACK').then(
    () => true,
    () => false
  );
}
