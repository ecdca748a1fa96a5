import { RpcFailure, STATUS } from './rpcStatus';

/** Before each message: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;
/**
 * What is handed to the stream at once. A reader's progress is seen in such steps (`ReaderProgress` asks for 64 KiB in 30 s), and
 * of an answer that nobody takes, one piece lies in Node's buffers beside the parts that wait.
 */
const PIECE_BYTES = 64 * 1024;
/** Takes the place of what is handed over, so that it leaves the memory. */
const NOTHING = Buffer.alloc(0);

/**
 * A message with its prefix, in pieces for the stream. Short parts are joined: one copy is cheaper than handing 100,000 of them to
 * the system one by one.
 *
 * @param parts are taken out of the list one by one
 */
export function* piecesOf(parts: Buffer[]): Generator<Buffer> {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    1
  );
  let waiting: Buffer[] = [prefix];
  let bytes = PREFIX_BYTES;
  for (const [i, part] of parts.entries()) {
    parts[i] = NOTHING;
    let rest = part;
    while (bytes + rest.length > PIECE_BYTES) {
      const room = PIECE_BYTES - bytes;
      waiting.push(rest.subarray(0, room));
      const piece = joined(waiting);
      rest = rest.subarray(room);
      waiting = [];
      bytes = 0;
      yield piece;
    }
    waiting.push(rest);
    bytes += rest.length;
  }
  const last = joined(waiting);
  waiting = [];
  yield last;
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** The message behind its prefix, of which there must be exactly one. Throws `RpcFailure`. */
export function onlyMessage(received: Buffer): Buffer {
  if (received.length < PREFIX_BYTES) {
    throw new RpcFailure(STATUS.internal, 'The request has no message');
  }
  if (received[0] !== 0) {
    throw new RpcFailure(STATUS.unimplemented, 'Compressed messages are not understood');
  }
  if (received.readUInt32BE(1) !== received.length - PREFIX_BYTES) {
    throw new RpcFailure(STATUS.internal, 'The request is not exactly one message');
  }
  return received.subarray(PREFIX_BYTES);
}
