import fc from 'fast-check';
import net from 'node:net';
import { encodeHeaders } from './hpackEncoder';
import { Http2Connection, type OnRequest } from './http2Connection';
import {
  ERROR_CODE,
  FLAG,
  FRAME_TYPE,
  frameHead,
  FrameReader,
  numbersFrame,
  PREFACE,
  SETTING,
  settingsFrame,
} from './http2Frames';
import { type Http2Stream } from './http2Stream';

interface Seen {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
}

/** A client that says exactly what a test tells it to say. */
class RawClient {
  readonly seen: Seen[] = [];
  readonly streams: Http2Stream[] = [];
  readonly events: string[] = [];
  closed = false;
  private readonly reader = new FrameReader();
  private constructor(
    private readonly socket: net.Socket,
    readonly server: net.Server
  ) {
    // the reader is the server's, which waits for a preface
    this.reader.append(PREFACE);
    socket.on('data', (chunk: Buffer) => {
      this.reader.append(chunk);
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) {
        this.seen.push(frame);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async connect(onRequest: (...request: Parameters<OnRequest>) => void = () => undefined): Promise<RawClient> {
    let connection: Http2Connection | undefined;
    const accept: OnRequest = (stream, headers) => {
      client.streams.push(stream);
      onRequest(stream, headers);
      return {
        onData: (bytes) => client.events.push(`data ${bytes.length}`),
        onEnd: () => client.events.push('end'),
        onAbort: () => client.events.push('abort'),
        onGone: () => undefined,
      };
    };
    const server = net.createServer((socket) => (connection = new Http2Connection(socket, accept)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const client = new RawClient(net.connect(port, '127.0.0.1'), server);
    client.close = () => connection?.close();
    return client;
  }

  close: () => void = () => undefined;

  begin(...frames: Buffer[]): void {
    this.send(PREFACE, settingsFrame([]), ...frames);
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !condition(); i++) {
      await pause();
    }
    expect(condition()).toBe(true);
  }

  of(type: number): Seen[] {
    return this.seen.filter((frame) => frame.type === type);
  }

  end(): void {
    this.socket.destroy();
    this.server.close();
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
const frame = (type: number, flags: number, streamId: number, payload: Buffer): Buffer =>
  Buffer.concat([frameHead(type, flags, streamId, payload.length), payload]);
const BLOCK = encodeHeaders({ ':path': '/a' });
const request = (streamId: number, flags: number = FLAG.endStream): Buffer =>
  frame(FRAME_TYPE.headers, FLAG.endHeaders | flags, streamId, BLOCK);
const windowUpdate = (streamId: number, bytes: number): Buffer =>
  numbersFrame(FRAME_TYPE.windowUpdate, streamId, bytes);
const smallWindows = (bytes: number): Buffer => settingsFrame([[SETTING.initialWindowSize, bytes]]);

let client: RawClient;
afterEach(() => client.end());

describe('what a client may say', () => {
  it('is answered where it asks: settings, pings', async () => {
    client = await RawClient.connect();
    client.begin(frame(FRAME_TYPE.ping, 0, 0, Buffer.from('12345678')));
    await client.until(() => client.of(FRAME_TYPE.ping).length === 1);
    expect(client.of(FRAME_TYPE.ping)[0]).toMatchObject({ flags: FLAG.ack, payload: Buffer.from('12345678') });
    expect(client.of(FRAME_TYPE.settings).map(({ flags }) => flags)).toEqual([0, FLAG.ack]);
  });

  it('may come in pieces of any size, with padding, with a priority and headers in several frames', async () => {
    const seen: string[] = [];
    client = await RawClient.connect((_, headers) => void seen.push(headers.get(':path') ?? ''));
    const padded = Buffer.concat([Buffer.of(3, 0, 0, 0, 0, 0), BLOCK.subarray(0, 2), Buffer.alloc(3)]);
    const bytes = Buffer.concat([
      PREFACE,
      settingsFrame([]),
      frame(FRAME_TYPE.headers, FLAG.padded | FLAG.priority, 1, padded),
      frame(FRAME_TYPE.continuation, 0, 1, BLOCK.subarray(2, 4)),
      frame(FRAME_TYPE.continuation, FLAG.endHeaders, 1, BLOCK.subarray(4)),
      frame(77, 0xff, 1, Buffer.from('of an extension')),
      frame(FRAME_TYPE.data, FLAG.padded | FLAG.endStream, 1, Buffer.of(2, 9, 9, 9, 0, 0)),
    ]);
    for (const byte of bytes) {
      client.send(Buffer.of(byte));
    }
    await client.until(() => client.events.length === 2);
    expect([seen, client.events]).toEqual([['/a'], ['data 3', 'end']]);
  });

  it('is confirmed, so that a long request does not stall', async () => {
    client = await RawClient.connect();
    client.begin(request(1, 0));
    const content = frame(FRAME_TYPE.data, 0, 1, Buffer.alloc(16_384));
    client.send(...Array.from({ length: 40 }, () => content));
    await client.until(() => client.of(FRAME_TYPE.windowUpdate).some(({ streamId }) => streamId === 1));
    const confirmed = client.of(FRAME_TYPE.windowUpdate).find(({ streamId }) => streamId === 1);
    expect(confirmed?.payload.readUInt32BE(0)).toBe(524_288);
  });

  it('ends a request: by a reset, and by going away', async () => {
    client = await RawClient.connect();
    client.begin(request(1), request(3), numbersFrame(FRAME_TYPE.resetStream, 1, ERROR_CODE.cancel));
    await client.until(() => client.events.includes('abort'));
    expect(client.events).toEqual(['end', 'end', 'abort']);
    client.end();
    await client.until(() => client.events.length === 4);
    expect(client.events[3]).toBe('abort');
  });
});

describe('flow control', () => {
  const answer = (stream: Http2Stream, bytes: number): void => {
    stream.writeContent([Buffer.alloc(bytes)]);
    stream.end(BLOCK);
    stream.flush();
  };
  const received = (): number => client.of(FRAME_TYPE.data).reduce((sum, { payload }) => sum + payload.length, 0);

  it('sends no more than the client takes, and goes on when it takes more', async () => {
    client = await RawClient.connect((stream) => answer(stream, 100));
    client.begin(smallWindows(30), request(1));
    await client.until(() => received() === 30);
    client.send(windowUpdate(1, 50));
    await client.until(() => received() === 80);
    expect(client.of(FRAME_TYPE.headers)).toEqual([]);
    client.send(smallWindows(100));
    await client.until(() => client.of(FRAME_TYPE.headers).length === 1);
    expect(received()).toBe(100);
  });

  it('counts below zero when the client makes its window smaller', async () => {
    client = await RawClient.connect((stream) => answer(stream, 100));
    client.begin(smallWindows(40), request(1));
    await client.until(() => received() === 40);
    client.send(smallWindows(10), windowUpdate(1, 30));
    await pause();
    expect(received()).toBe(40);
    client.send(windowUpdate(1, 60));
    await client.until(() => received() === 100);
  });

  it('shares the window of the connection between answers', async () => {
    client = await RawClient.connect((stream) => answer(stream, 60_000));
    client.begin(request(1), request(3));
    await client.until(() => received() === 65_535);
    client.send(windowUpdate(0, 100_000));
    await client.until(() => client.of(FRAME_TYPE.headers).length === 2);
    expect(received()).toBe(120_000);
  });

  it('keeps to the frame size of the client', async () => {
    client = await RawClient.connect((stream) => answer(stream, 60_000));
    client.begin(request(1));
    await client.until(() => client.of(FRAME_TYPE.headers).length === 1);
    expect(client.of(FRAME_TYPE.data).map(({ payload }) => payload.length)).toEqual([16_384, 16_384, 16_384, 10_848]);
  });
});

describe('an answer', () => {
  it('that comes before the end of the request tells the client to stop', async () => {
    client = await RawClient.connect((stream) => {
      stream.end(BLOCK);
      stream.flush();
    });
    client.begin(request(1, 0));
    await client.until(() => client.of(FRAME_TYPE.resetStream).length === 1);
    client.send(frame(FRAME_TYPE.data, FLAG.endStream, 1, Buffer.alloc(10)));
    client.send(frame(FRAME_TYPE.ping, 0, 0, Buffer.alloc(8)));
    await client.until(() => client.of(FRAME_TYPE.ping).length === 1);
    expect(client.events).toEqual([]);
  });

  it('under way is finished before the connection ends', async () => {
    client = await RawClient.connect();
    client.begin(request(1));
    await client.until(() => client.streams.length === 1);
    client.close();
    await client.until(() => client.of(FRAME_TYPE.goAway).length === 1);
    client.send(request(3));
    await pause();
    expect([client.closed, client.streams.length]).toEqual([false, 1]);
    client.streams[0].end(BLOCK);
    client.streams[0].flush();
    await client.until(() => client.closed);
    expect(client.of(FRAME_TYPE.headers)).toHaveLength(1);
  });
});

describe('a client that breaks the protocol', () => {
  it.each([
    ['is none', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'), ERROR_CODE.protocol],
    ['sends too large a frame', Buffer.concat([PREFACE, frameHead(0, 0, 1, 20_000)]), ERROR_CODE.frameSize],
    ['sends content of no request', frame(FRAME_TYPE.data, 0, 5, Buffer.alloc(1)), ERROR_CODE.protocol],
    ['asks under an even number', request(2), ERROR_CODE.protocol],
    ['sends a broken header block', frame(FRAME_TYPE.headers, 4, 1, Buffer.of(0x80)), ERROR_CODE.compression],
    ['breaks off its headers', Buffer.concat([request(1, 0).fill(0, 4, 5), request(3)]), ERROR_CODE.protocol],
    ['goes on after its end', Buffer.concat([request(1), frame(0, 0, 1, Buffer.alloc(1))]), ERROR_CODE.streamClosed],
    ['pushes', frame(FRAME_TYPE.pushPromise, 0, 1, Buffer.alloc(4)), ERROR_CODE.protocol],
    ['pads more than there is', frame(0, FLAG.padded, 1, Buffer.of(9, 0)), ERROR_CODE.protocol],
    ['makes its window too large', windowUpdate(0, 2 ** 31 - 1), ERROR_CODE.flowControl],
    ['makes its window larger by nothing', windowUpdate(0, 0), ERROR_CODE.protocol],
    ['sends half a setting', frame(FRAME_TYPE.settings, 0, 0, Buffer.alloc(5)), ERROR_CODE.frameSize],
    ['sends half a ping', frame(FRAME_TYPE.ping, 0, 0, Buffer.alloc(4)), ERROR_CODE.frameSize],
    [
      'sends headers without end',
      Buffer.concat([
        frame(FRAME_TYPE.headers, 0, 1, BLOCK),
        ...Array.from({ length: 20 }, () => frame(FRAME_TYPE.continuation, 0, 1, Buffer.alloc(16_000))),
      ]),
      ERROR_CODE.enhanceYourCalm,
    ],
  ])('is told so and left: %s', async (_, bytes, code) => {
    client = await RawClient.connect();
    const isWhole = bytes.subarray(0, 3).toString() === 'GET' || bytes.subarray(0, 3).toString() === 'PRI';
    if (isWhole) {
      client.send(bytes);
    } else {
      client.begin(request(1, 0), bytes);
    }
    await client.until(() => client.closed);
    expect(client.of(FRAME_TYPE.goAway).map(({ payload }) => payload.readUInt32BE(4))).toEqual([code]);
  });

  it('never makes the server fail otherwise, whatever its frames are', async () => {
    const anyFrame = fc
      .tuple(fc.nat(10), fc.nat(255), fc.nat(6), fc.uint8Array({ maxLength: 40 }))
      .map(([type, flags, streamId, payload]) => frame(type, flags, streamId, Buffer.from(payload)));
    client = await RawClient.connect();
    const { port } = client.server.address() as net.AddressInfo;
    const property = fc.asyncProperty(fc.array(anyFrame, { maxLength: 12 }), async (frames) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.end(Buffer.concat([PREFACE, ...frames]));
      await new Promise((resolve) => socket.on('close', resolve));
    });
    await fc.assert(property, { numRuns: 300 });
    client.begin(frame(FRAME_TYPE.ping, 0, 0, Buffer.alloc(8)));
    await client.until(() => client.of(FRAME_TYPE.ping).length === 1);
  });
});
