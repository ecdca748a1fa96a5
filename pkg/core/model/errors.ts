/**
 * The closed list of what can go wrong. Each code says who is to blame (`downstream`: Prometheus, PostgreSQL or the network;
 * `plugin`: us) and the HTTP-like status a caller sees unless the error carries its own. docs/errors.md explains them.
 */
export const ERROR_CODES = {
  /** Prometheus refused the query and said why (bad PromQL, too many samples, …). */
  SOURCE_REFUSED: { status: 400, source: 'downstream' },
  /** An HTTP status that Prometheus' API does not use for answers: 401, 404, 502, … */
  SOURCE_STATUS: { status: 502, source: 'downstream' },
  /** Something answered, but not Prometheus: HTML, other JSON, a cut-off body. */
  SOURCE_NOT_PROMETHEUS: { status: 502, source: 'downstream' },
  SOURCE_UNREACHABLE: { status: 502, source: 'downstream' },
  SOURCE_TIMEOUT: { status: 504, source: 'downstream' },
  SOURCE_RESPONSE_TOO_LARGE: { status: 413, source: 'downstream' },
  /** The query itself cannot be used: bad interval, wrong types, unknown query type. */
  QUERY_INVALID: { status: 400, source: 'downstream' },
  QUERY_CANCELLED: { status: 499, source: 'downstream' },
  /** Settings that cannot work: no URL, unknown method, unreadable certificate. */
  SETTINGS_INVALID: { status: 400, source: 'downstream' },
  /** The stand-alone program's configuration; the message lists every fault. */
  CONFIG_INVALID: { status: 400, source: 'plugin' },
  ARCHIVE_OFF: { status: 409, source: 'downstream' },
  ARCHIVE_UNREACHABLE: { status: 503, source: 'downstream' },
  ARCHIVE_LOGIN_FAILED: { status: 503, source: 'downstream' },
  ARCHIVE_DENIED: { status: 503, source: 'downstream' },
  ARCHIVE_READ_ONLY: { status: 503, source: 'downstream' },
  ARCHIVE_FULL: { status: 507, source: 'downstream' },
  ARCHIVE_BUSY: { status: 503, source: 'downstream' },
  ARCHIVE_NEWER: { status: 409, source: 'downstream' },
  /** PostgreSQL refused this very data; sending it again cannot help. */
  ARCHIVE_REFUSED: { status: 422, source: 'downstream' },
  /** Another archiver leads by now; what was fetched before must not be written any more. */
  ARCHIVE_NOT_LEADER: { status: 409, source: 'downstream' },
  /** The recorded query was changed or deleted since its definition was read; nothing was written. */
  ARCHIVE_QUERY_CHANGED: { status: 409, source: 'downstream' },
  /** Somebody else has changed it meanwhile, or the name is taken. */
  CONFLICT: { status: 409, source: 'plugin' },
  KEEP_REFUSED: { status: 403, source: 'downstream' },
  LIMIT_EXCEEDED: { status: 413, source: 'downstream' },
  NOT_FOUND: { status: 404, source: 'plugin' },
  FORBIDDEN: { status: 403, source: 'plugin' },
  PORT_IN_USE: { status: 500, source: 'plugin' },
  INTERNAL: { status: 500, source: 'plugin' },
} as const satisfies Record<string, { status: number; source: ErrorSource }>;

export type ErrorSource = 'plugin' | 'downstream';
export type ErrorCode = keyof typeof ERROR_CODES;

/** The only error that leaves a room. Messages are for people and hold no secret, no password and no URL with a query. */
export class PromkeepError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly source: ErrorSource;

  /** @param options.status overrides the code's status, e.g. with the one Prometheus answered */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; status?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = 'PromkeepError';
    this.code = code;
    this.status = options.status ?? ERROR_CODES[code].status;
    this.source = ERROR_CODES[code].source;
  }
}

/** Any thrown thing as a `PromkeepError`: ours stays, everything else is `INTERNAL` with the original as cause. */
export function asPromkeepError(error: unknown): PromkeepError {
  if (error instanceof PromkeepError) {
    return error;
  }
  const text = error instanceof Error ? error.message : String(error);
  return new PromkeepError('INTERNAL', `Internal error: ${text}`, { cause: error });
}
