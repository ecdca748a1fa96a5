import { type OutgoingHttpHeaders } from 'node:http2';

/** The status codes of gRPC that occur here. */
export const STATUS = {
  ok: 0,
  unknown: 2,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** A block of headers beyond 64 KiB is not sent at all, and a message is in it twice, up to nine bytes a character. */
const MESSAGE_LENGTH = 4_000;

/** How a call ended that has no answer. */
export class RpcFailure extends Error {
  /**
   * @param message cut at 4,000 characters
   * @param details a `google.rpc.Status` in protobuf, for the trailer `grpc-status-details-bin`; its message by `shortened`
   */
  constructor(
    readonly code: number,
    message: string,
    readonly details?: Buffer
  ) {
    super(shortened(message));
  }
}

export function shortened(message: string): string {
  return message.slice(0, MESSAGE_LENGTH);
}

/** The headers before the first message of an answer. */
export const ANSWER_HEADERS: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };

/** The headers behind the last message of an answer that is complete. */
export const OK_TRAILER: OutgoingHttpHeaders = { 'grpc-status': String(STATUS.ok) };

/** The headers behind what there is of an answer, or instead of it. */
export function failureTrailer({ code, message, details }: RpcFailure): OutgoingHttpHeaders {
  return {
    'grpc-status': String(code),
    'grpc-message': percentEncoded(message),
    ...(details && { 'grpc-status-details-bin': details.toString('base64').replaceAll('=', '') }),
  };
}

/** All but printable ASCII, and the percent sign itself, byte by byte of UTF-8. */
function percentEncoded(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** `grpc-timeout` in milliseconds, at least one; `undefined` when there is none, or none that can be read. */
export function timeoutMs(header: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? [];
  return digits === undefined ? undefined : Math.max(1, Math.ceil(Number(digits) * UNIT_MS[unit]));
}
