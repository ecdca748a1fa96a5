import { PromkeepError, type ErrorCode } from '../core/model/errors';
import { type ArchiveConnection, describeConnection } from './connect/connection';
import { errorCode, judge } from './connect/sqlState';

/** Thrown inside a transaction when what was read is no longer so; the transaction is tried again. */
export class StaleReadError extends Error {}

/** What a person can do about it; `@` stands for host, port and database. */
const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  ARCHIVE_UNREACHABLE: 'The archive at @ cannot be reached',
  ARCHIVE_LOGIN_FAILED: 'The archive at @ refused the login: check user, password and database',
  ARCHIVE_DENIED: 'A right is missing in the archive at @',
  ARCHIVE_READ_ONLY: 'The archive at @ is read-only (a standby, or default_transaction_read_only is on)',
  ARCHIVE_FULL: 'The disk of the archive at @ is full or failing',
  ARCHIVE_BUSY: 'The archive at @ is too busy or timed out',
  ARCHIVE_REFUSED: 'The archive at @ refused the data',
  SETTINGS_INVALID: 'The archive at @ cannot be used as configured',
  INTERNAL: 'Unexpected error of the archive at @',
};

/** Anything thrown while talking to PostgreSQL as ours; the server's own words follow ours, secrets never do. */
export function toArchiveError(error: unknown, connection: ArchiveConnection, signal?: AbortSignal): PromkeepError {
  if (error instanceof PromkeepError) {
    return error;
  }
  if (signal?.aborted) {
    return new PromkeepError('QUERY_CANCELLED', 'Cancelled while waiting for the archive', { cause: error });
  }
  if (error instanceof StaleReadError) {
    const message = `The archive at ${describeConnection(connection)} kept changing while it was written: ${error.message}`;
    return new PromkeepError('ARCHIVE_BUSY', message, { cause: error });
  }
  const { code } = judge(error);
  const hint = (HINTS[code] ?? HINTS.INTERNAL ?? '').replace('@', () => describeConnection(connection));
  return new PromkeepError(code, `${hint}: ${withoutSecret(plainReason(error), connection)}`, { cause: error });
}

/** The database's own words. An `AggregateError` (several addresses of one host) has none, so its members speak. */
function plainReason(error: unknown): string {
  if (error instanceof AggregateError) {
    return [...new Set(error.errors.map(plainReason))].join('; ');
  }
  const text = error instanceof Error ? error.message : String(error);
  return text === '' ? (errorCode(error) ?? 'no reason given') : text;
}

function withoutSecret(text: string, { password }: ArchiveConnection): string {
  return password ? text.replaceAll(password, '***') : text;
}
