import { type ErrorCode, PromkeepError } from '../core/model/errors';

/**
 * What is wrong with bytes of remote read or write: `broken` (not what it says it is, or cut off), `tooLarge` (beyond a
 * limit, found out before anything of that size is allocated), `unsupported` (right, but nothing we know or can hold exactly).
 */
export type CodecFault = 'broken' | 'tooLarge' | 'unsupported';

/** Stays in `pkg/remote`: `inWordsOf` makes a `PromkeepError` of it, since only the caller knows whose bytes they were. */
export class CodecError extends Error {
  readonly fault: CodecFault;

  constructor(fault: CodecFault, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'CodecError';
    this.fault = fault;
  }
}

/** Who sent the bytes: a source that answers us, or a reader (or writer) that asks us. */
export type Peer = 'source' | 'reader';

const CODES: Record<Peer, Record<CodecFault, ErrorCode>> = {
  source: {
    broken: 'SOURCE_NOT_PROMETHEUS',
    tooLarge: 'SOURCE_RESPONSE_TOO_LARGE',
    unsupported: 'SOURCE_NOT_PROMETHEUS',
  },
  reader: { broken: 'QUERY_INVALID', tooLarge: 'LIMIT_EXCEEDED', unsupported: 'QUERY_INVALID' },
};

/** Does `work`; a `CodecError` in it leaves as the `PromkeepError` that blames `peer`, with the codec's words. */
export function inWordsOf<T>(peer: Peer, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CodecError) {
      throw new PromkeepError(CODES[peer][error.fault], error.message, { cause: error });
    }
    throw error;
  }
}
