/** The pieces HTTP/2 (RFC 9113) consists of on the wire. */

export const FRAME_TYPE = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** `endStream` is of DATA and HEADERS, `ack` of SETTINGS and PING. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const ERROR_CODE = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export const SETTING = { initialWindowSize: 4, maxFrameSize: 5 } as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** Before anybody says otherwise. */
export const DEFAULT_WINDOW_BYTES = 65_535;
export const DEFAULT_MAX_FRAME_BYTES = 16_384;
export const MAX_WINDOW_BYTES = 2 ** 31 - 1;

const HEAD_BYTES = 9;
const PRIORITY_BYTES = 5;

export interface Frame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

/** The other side broke the protocol: the connection ends with this code. */
export class ConnectionError extends Error {
  constructor(
    readonly code: number,
    message: string
  ) {
    super(message);
  }
}

/** Cuts what a client sends into frames. */
export class FrameReader {
  private unread: Buffer = Buffer.alloc(0);
  private prefaceSeen = false;

  append(chunk: Buffer): void {
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
  }

  /** The next whole frame, if it has arrived. Throws `ConnectionError` when these are no frames, or larger than allowed. */
  next(): Frame | undefined {
    if (!this.prefaceSeen && !this.readPreface()) {
      return undefined;
    }
    const { unread } = this;
    if (unread.length < HEAD_BYTES) {
      return undefined;
    }
    const length = unread.readUIntBE(0, 3);
    if (length > DEFAULT_MAX_FRAME_BYTES) {
      throw new ConnectionError(ERROR_CODE.frameSize, `a frame of ${length} bytes`);
    }
    const end = HEAD_BYTES + length;
    if (unread.length < end) {
      return undefined;
    }
    this.unread = unread.subarray(end);
    const streamId = unread.readUInt32BE(5) & MAX_WINDOW_BYTES;
    return { type: unread[3], flags: unread[4], streamId, payload: unread.subarray(HEAD_BYTES, end) };
  }

  private readPreface(): boolean {
    const begun = Math.min(this.unread.length, PREFACE.length);
    if (!this.unread.subarray(0, begun).equals(PREFACE.subarray(0, begun))) {
      throw new ConnectionError(ERROR_CODE.protocol, 'this is not HTTP/2');
    }
    if (begun < PREFACE.length) {
      return false;
    }
    this.unread = this.unread.subarray(PREFACE.length);
    this.prefaceSeen = true;
    return true;
  }
}

/** What DATA and HEADERS carry, without padding and priority. Throws `ConnectionError` when there is more padding than payload. */
export function contentOf({ type, flags, payload }: Frame): Buffer {
  const isPadded = (flags & FLAG.padded) !== 0;
  const hasPriority = type === FRAME_TYPE.headers && (flags & FLAG.priority) !== 0;
  const start = (isPadded ? 1 : 0) + (hasPriority ? PRIORITY_BYTES : 0);
  const end = payload.length - (isPadded ? payload[0] : 0);
  if (end < start) {
    throw new ConnectionError(ERROR_CODE.protocol, 'more padding than payload');
  }
  return payload.subarray(start, end);
}

/** A frame's head; its payload follows. */
export function frameHead(type: number, flags: number, streamId: number, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUIntBE(payloadBytes, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return head;
}

/** A frame whose payload consists of 32-bit numbers: RST_STREAM, GOAWAY, WINDOW_UPDATE. */
export function numbersFrame(type: number, streamId: number, ...numbers: number[]): Buffer {
  const payload = Buffer.allocUnsafe(4 * numbers.length);
  numbers.forEach((value, i) => payload.writeUInt32BE(value, 4 * i));
  return Buffer.concat([frameHead(type, 0, streamId, payload.length), payload]);
}

export function settingsFrame(settings: ReadonlyArray<readonly [id: number, value: number]>, flags = 0): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return Buffer.concat([frameHead(FRAME_TYPE.settings, flags, 0, payload.length), payload]);
}

/** Throws `ConnectionError` when the payload is no list of settings. */
export function readSettings(payload: Buffer): Array<[id: number, value: number]> {
  if (payload.length % 6 !== 0) {
    throw new ConnectionError(ERROR_CODE.frameSize, 'settings of an odd length');
  }
  const settings: Array<[number, number]> = [];
  for (let at = 0; at < payload.length; at += 6) {
    settings.push([payload.readUInt16BE(at), payload.readUInt32BE(at + 2)]);
  }
  return settings;
}

/** What a PING asks for: the same bytes back. Throws `ConnectionError` when there are not eight. */
export function pingAnswer({ payload }: Frame): Buffer {
  if (payload.length !== 8) {
    throw new ConnectionError(ERROR_CODE.frameSize, 'a ping of another length');
  }
  return Buffer.concat([frameHead(FRAME_TYPE.ping, FLAG.ack, 0, payload.length), payload]);
}

/** The number that is all of a RST_STREAM or WINDOW_UPDATE. Throws `ConnectionError` when it is not. */
export function readNumber({ payload }: Frame): number {
  if (payload.length !== 4) {
    throw new ConnectionError(ERROR_CODE.frameSize, 'a frame that is not one number');
  }
  return payload.readUInt32BE(0);
}
