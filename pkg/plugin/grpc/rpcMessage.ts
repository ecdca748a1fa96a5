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
 * the system one by one. Long ones are not copied.
 *
 * @param parts are taken out of the list one by one
 */
export function* piecesOf(parts: Buffer[]): Generator<Buffer> {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    1
  );
  const joining: Buffer[] = [prefix];
  let bytes = PREFIX_BYTES;
  for (let i = 0; i < parts.length; i++) {
    if (bytes + parts[i].length > PIECE_BYTES) {
      yield joined(joining.splice(0));
      bytes = 0;
    }
    for (; parts[i].length > PIECE_BYTES; parts[i] = parts[i].subarray(PIECE_BYTES)) {
      yield parts[i].subarray(0, PIECE_BYTES);
    }
    joining.push(parts[i]);
    bytes += parts[i].length;
    parts[i] = NOTHING;
  }
  yield joined(joining.splice(0));
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
