import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { once } from 'node:events';
import fs from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type RpcHandler } from './rpcHandler';
import { RpcServer } from './rpcServer';
import { RpcFailure } from './rpcStatus';

/** A busy machine takes its time for megabytes and hundreds of calls. */
jest.setTimeout(30_000);

/** Messages are plain bytes here. */
const asBytes = (message: object): Buffer => message as Buffer;
const PATH = '/test.Service/Method';
const LIMIT_BYTES = 1 << 20;

let folder: string;
let server: RpcServer;
let client: Client;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rpc-'));
  server = new RpcServer({ maxRequestBytes: LIMIT_BYTES });
  client = new Client(`unix:${folder}/socket`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
});

afterEach(async () => {
  client.close();
  server.destroy();
  await server.close();
  fs.rmSync(folder, { recursive: true });
});

async function serve(handler: RpcHandler): Promise<void> {
  server.add({ path: PATH, decode: (bytes) => bytes, encode: (message) => [asBytes(message)], handler });
  await server.listen(`${folder}/socket`);
}

const unary = (run: (request: Buffer, signal: AbortSignal) => Promise<Buffer>): RpcHandler => ({
  kind: 'unary',
  run: (request, { signal }) => run(request as Buffer, signal),
});

interface Call {
  deadlineMs?: number;
  metadata?: Record<string, string>;
  method?: string;
  cancelAfterMs?: number;
}

function ask(request: Buffer, call: Call = {}): Promise<Buffer> {
  const metadata = new Metadata();
  Object.entries(call.metadata ?? {}).forEach(([name, value]) => metadata.set(name, value));
  const options = call.deadlineMs === undefined ? {} : { deadline: Date.now() + call.deadlineMs };
  return new Promise((resolve, reject) => {
    const running = client.makeUnaryRequest<Buffer, Buffer>(
      call.method ?? PATH,
      asBytes,
      (bytes) => bytes,
      request,
      metadata,
      options,
      (error, answer) => (answer ? resolve(answer) : reject(error))
    );
    if (call.cancelAfterMs !== undefined) {
      setTimeout(() => running.cancel(), call.cancelAfterMs);
    }
  });
}

const failureOf = (answer: Promise<unknown>): Promise<ServiceError> =>
  answer.then(
    () => Promise.reject(new Error('The call succeeded')),
    (error: ServiceError) => error
  );

describe('a call', () => {
  it('gets the answer to its own request, whatever else is under way and whatever the sizes', async () => {
    await serve(
      unary(async (request) => {
        const bytes = request.readUInt32BE(0);
        await new Promise((resolve) => setTimeout(resolve, bytes % 7));
        return Buffer.concat([request, Buffer.alloc(bytes, request[3])]);
      })
    );
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 10 === 0 ? 3_000_000 + i : (i * 7919) % 200_000));
    const answers = await Promise.all(
      sizes.map((bytes) => {
        const request = Buffer.alloc(4 + (bytes % 90_000));
        request.writeUInt32BE(bytes, 0);
        return ask(request).then((answer) => [request, answer]);
      })
    );
    answers.forEach(([request, answer], i) => {
      const expected = Buffer.concat([request, Buffer.alloc(sizes[i], request[3])]);
      expect(answer.equals(expected)).toBe(true);
    });
  });

  it('may have an empty request and an empty answer', async () => {
    await serve(unary(async (request) => request));
    expect((await ask(Buffer.alloc(0))).length).toBe(0);
  });

  it('fails with the status, the text in any language and the details', async () => {
    await serve(
      unary(async () => {
        throw new RpcFailure(2, '100 % — schön\n', Buffer.from([0, 255, 1, 2]));
      })
    );
    const failure = await failureOf(ask(Buffer.alloc(1)));
    expect([failure.code, failure.details]).toEqual([2, '100 % — schön\n']);
    expect(failure.metadata.get('grpc-status-details-bin')).toEqual([Buffer.from([0, 255, 1, 2])]);
  });

  it('fails with the beginning of a text that no headers would hold', async () => {
    const text = '漢'.repeat(70_000);
    await serve(
      unary(async () => {
        throw new RpcFailure(2, text, Buffer.from(text.slice(0, 4_000)));
      })
    );
    const failure = await failureOf(ask(Buffer.alloc(1)));
    expect([failure.code, failure.details]).toEqual([2, text.slice(0, 4_000)]);
  });

  it('of a method nobody knows is unimplemented, which Grafana understands', async () => {
    await serve(unary(async (request) => request));
    expect((await failureOf(ask(Buffer.alloc(1), { method: '/a.B/C' }))).code).toBe(status.UNIMPLEMENTED);
  });

  it('with too large a request is refused before all of it has come', async () => {
    const run = jest.fn();
    await serve(unary(run));
    const failure = await failureOf(ask(Buffer.alloc(3 * LIMIT_BYTES)));
    expect([failure.code, run.mock.calls.length]).toEqual([status.RESOURCE_EXHAUSTED, 0]);
    // and the connection is still good
    run.mockImplementation(async (request: Buffer) => request);
    expect((await ask(Buffer.from('next'))).toString()).toBe('next');
  });

  it('is aborted when its time is up, and when the client cancels', async () => {
    const reasons: string[] = [];
    await serve(
      unary(async (request, signal) => {
        await once(signal, 'abort');
        reasons.push(request.toString());
        throw new Error('stopped');
      })
    );
    const late = await failureOf(ask(Buffer.from('late'), { deadlineMs: 100 }));
    const cancelled = await failureOf(ask(Buffer.from('cancelled'), { cancelAfterMs: 50 }));
    expect([late.code, cancelled.code]).toEqual([status.DEADLINE_EXCEEDED, status.CANCELLED]);
    for (let i = 0; i < 100 && reasons.length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(reasons).toEqual(['late', 'cancelled']);
  });

  it('is not in danger through others that are cancelled, however many: all users of a Grafana share the connection', async () => {
    await serve(
      unary(async (request, signal) => {
        if (request.toString() === 'wait') {
          await once(signal, 'abort');
        }
        return request;
      })
    );
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(`${folder}/socket`) });
    const ended = once(session, 'goaway');
    for (let i = 0; i < 3_000; i++) {
      const stream = session.request({ ':method': 'POST', ':path': PATH });
      stream.on('error', () => undefined);
      stream.end(Buffer.from('\0\0\0\0\x04wait'));
      setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL));
      if (i % 100 === 99) {
        await once(stream, 'close');
      }
    }
    const alive = new Promise((resolve) => session.ping(() => resolve('alive')));
    expect(await Promise.race([ended, alive])).toBe('alive');
    session.close();
  });

  it('that runs when the server closes still has its answer; later ones are not taken', async () => {
    let answer: () => void = () => undefined;
    const begun = new Promise<void>((begin) => {
      void serve(
        unary(async (request) => {
          begin();
          await new Promise<void>((resolve) => (answer = resolve));
          return request;
        })
      );
    });
    const running = ask(Buffer.from('x'));
    await begun;
    const closed = server.close();
    answer();
    expect((await running).toString()).toBe('x');
    await closed;
    expect((await failureOf(ask(Buffer.from('y'), { deadlineMs: 2000 }))).code).not.toBe(status.OK);
  });
});

describe('a short answer', () => {
  it('does not wait for a long one', async () => {
    await serve(unary(async (request) => Buffer.alloc(request.readUInt32BE(0))));
    const sized = (bytes: number): Buffer => Buffer.of(bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes);
    const ended: string[] = [];
    const long = ask(sized(60_000_000)).then(() => ended.push('long'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await ask(sized(100)).then(() => ended.push('short'));
    await long;
    expect(ended).toEqual(['short', 'long']);
  });
});

describe('metadata', () => {
  /** Every byte HTTP/2 lets a client send in a value; Node's client writes short ones in Huffman code. */
  const value = fc.stringMatching(/^[!-~\x80-\xff]([\t -~\x80-\xff]{0,200}[!-~\x80-\xff])?$/);
  const name = fc.stringMatching(/^x-[a-z0-9_-]{1,20}$/);

  it('arrives as it was sent, over many calls of one connection that refer to each other', async () => {
    let seen: http2.IncomingHttpHeaders = {};
    await serve({
      kind: 'unary',
      run: async (request, { headers }) => {
        seen = headers;
        return request;
      },
    });
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(`${folder}/socket`) });
    const names = fc.sample(name, 20);
    const property = fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), value), async (metadata) => {
      const stream = session.request({ ':method': 'POST', ':path': PATH, ...metadata });
      stream.end(Buffer.alloc(5));
      stream.resume();
      await once(stream, 'end');
      for (const [key, text] of Object.entries(metadata)) {
        expect(seen[key]).toBe(text);
      }
    });
    await fc.assert(property, { numRuns: 300 });
    session.close();
  });
});

describe('requests that are not one message', () => {
  it.each([
    ['nothing', Buffer.alloc(0), status.INTERNAL],
    ['half a prefix', Buffer.alloc(3), status.INTERNAL],
    ['more than announced', Buffer.from([0, 0, 0, 0, 1, 7, 7]), status.INTERNAL],
    ['less than announced', Buffer.from([0, 0, 0, 0, 9, 7]), status.INTERNAL],
    ['a compressed message', Buffer.from([1, 0, 0, 0, 1, 7]), status.UNIMPLEMENTED],
  ])('fail with a status: %s', async (_, body, code) => {
    await serve(unary(async (request) => request));
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(`${folder}/socket`) });
    const stream = session.request({ ':method': 'POST', ':path': PATH });
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    expect(headers['grpc-status']).toBe(String(code));
    session.close();
  });
});
