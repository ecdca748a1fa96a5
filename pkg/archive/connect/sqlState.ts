import { type ErrorCode, PromkeepError } from '../../core/model/errors';

/**
 * What to do when PostgreSQL says no.
 * `retry`: the same transaction may succeed a moment later. `split`: some of the data is at fault, find it and write the rest.
 * `fail`: a person has to do something.
 */
export type Reaction = 'retry' | 'split' | 'fail';

export interface Verdict {
  reaction: Reaction;
  code: ErrorCode;
}

/**
 * By SQLSTATE, or by its first two characters (the class); the full code wins.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  '08': { reaction: 'retry', code: 'ARCHIVE_UNREACHABLE' }, // connection exceptions; pgbouncer reports a lost server so
  '0A000': { reaction: 'fail', code: 'INTERNAL' },
  '22': { reaction: 'split', code: 'ARCHIVE_REFUSED' }, // data exceptions
  '23': { reaction: 'fail', code: 'ARCHIVE_REFUSED' },
  '23503': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // the query or series was deleted meanwhile
  '23505': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // somebody inserted the same row behind the query's lock
  '25006': { reaction: 'fail', code: 'ARCHIVE_READ_ONLY' },
  '25P03': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // this program stood still inside a transaction
  '26': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // prepared statement lost behind a pooler
  '28': { reaction: 'fail', code: 'ARCHIVE_LOGIN_FAILED' },
  '3D000': { reaction: 'fail', code: 'ARCHIVE_LOGIN_FAILED' }, // no such database
  '3F000': { reaction: 'fail', code: 'SETTINGS_INVALID' }, // no such schema
  '40': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // serialization failure, deadlock
  '42501': { reaction: 'fail', code: 'ARCHIVE_DENIED' },
  '42P07': { reaction: 'retry', code: 'SETTINGS_INVALID' }, // the name is taken: by another program a moment ago, or by a stranger
  '53': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // too many connections, out of memory
  '53100': { reaction: 'fail', code: 'ARCHIVE_FULL' },
  '54': { reaction: 'split', code: 'ARCHIVE_REFUSED' }, // program limit: a text too long for jsonb, a key too long for an index
  '55': { reaction: 'retry', code: 'ARCHIVE_BUSY' }, // lock not available, object in use
  '57014': { reaction: 'fail', code: 'ARCHIVE_BUSY' }, // statement timeout (our own cancelling is recognized before)
  '57': { reaction: 'retry', code: 'ARCHIVE_UNREACHABLE' }, // shutting down, starting up, terminated
  '58030': { reaction: 'fail', code: 'ARCHIVE_FULL' }, // I/O error
};

/** Node's codes of sockets and name service. A host that never answers is not asked twice: each attempt costs 5 s. */
const PASSING: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN']);

/** What `pg` throws without any code when a socket ends under a query. */
const LOST_CONNECTION = /^Connection terminated|^Client has encountered a connection error|^Client was closed/;

const UNREACHABLE: Verdict = { reaction: 'fail', code: 'ARCHIVE_UNREACHABLE' };

/** The verdict on anything `pg` throws. */
export function judge(error: unknown): Verdict {
  const code = errorCode(error);
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    return VERDICTS[code] ?? VERDICTS[code.slice(0, 2)] ?? { reaction: 'fail', code: 'INTERNAL' };
  }
  const message = error instanceof Error ? error.message : '';
  if (PASSING.has(code) || (LOST_CONNECTION.test(message) && !/timeout/.test(message))) {
    return { reaction: 'retry', code: 'ARCHIVE_UNREACHABLE' };
  }
  return code !== undefined || /timeout|SSL|SASL|socket/i.test(message)
    ? UNREACHABLE
    : { reaction: 'fail', code: 'INTERNAL' };
}

/** SQLSTATE or Node's error code. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) {
    return undefined;
  }
  return typeof error.code === 'string' ? error.code : undefined;
}

/** SQLSTATE of what an error of ours was made of. */
export function causeCode(error: unknown): string | undefined {
  return errorCode(error instanceof PromkeepError ? error.cause : undefined);
}

/** Whether the server, not the network, spoke: then the connection may still be used. */
export function cameFromServer(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P)/.test(code) && code !== 'EPIPE';
}
