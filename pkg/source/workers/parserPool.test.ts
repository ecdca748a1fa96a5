import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { bundleWorker } from '../../../tests/fakes/bundleWorker';
import { AnswerParser, type Envelope } from '../answer/parser/answerParser';
import { MalformedAnswer } from '../answer/parser/malformedAnswer';
import { type HttpAnswer } from '../http/httpClient';
import { readQueryAnswer } from '../answer/readAnswer';
import { ParserPool } from './parserPool';

let folder: string;
let program: string;
let started: Worker[];
let pool: ParserPool;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parsers-'));
  program = await bundleWorker(folder);
}, 60_000);

afterAll(() => fs.rmSync(folder, { recursive: true }));

beforeEach(() => {
  started = [];
  pool = new ParserPool(() => {
    const worker = new Worker(program);
    started.push(worker);
    return worker;
  }, 2);
});

afterEach(() => pool.close());

/** A matrix of series on one grid, one on another, one with odd labels and one with a histogram. */
function makeBody(series: number, points: number): Buffer {
  const all = Array.from({ length: series }, (_, s) => {
    const samples = Array.from({ length: points }, (_unused, p) => `[${1705590300 + p * 15},"${(s * p) % 9973}.25"]`);
    return `{"metric":{"__name__":"x","instance":"host-${s}"},"values":[${samples.join(',')}]}`;
  });
  all.push('{"metric":{"__proto__":"a","b":"ä\\"\\u0000"},"values":[[1.5,"NaN"],[2.5,"-Inf"],[3.5,"-0"]]}');
  all.push(
    '{"values":[[1,"2"]]}',
    '{"metric":{},"histograms":[[1,{"count":"3","sum":"2.5","buckets":[[0,"1","2","3"]]}]]}'
  );
  const head = '{"status":"success","warnings":["w"],"data":{"stats":{"a":1},"resultType":"matrix","result":[';
  return Buffer.from(`${head}${all.join(',')}]}}`);
}

function chunksOf(body: Buffer, bytes = 64 * 1024): Buffer[] {
  return Array.from({ length: Math.ceil(body.length / bytes) }, (_, i) => body.subarray(i * bytes, (i + 1) * bytes));
}

async function parse(body: Buffer): Promise<Envelope> {
  const parser = pool.open();
  try {
    for (const chunk of chunksOf(body)) {
      await parser.feed(chunk);
    }
    return await parser.finish();
  } finally {
    parser.drop();
  }
}

function parseHere(body: Buffer): Envelope {
  const parser = new AnswerParser();
  parser.feed(body);
  return parser.finish();
}

/** With the bits of all numbers, since -0 and 0 look alike; what comes from a thread has prototypes of its own. */
function asText(envelope: Envelope): string {
  return JSON.stringify(envelope, (_key, value: unknown) =>
    ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value
  );
}

describe('a parser in a thread', () => {
  it('gives what the parser itself gives, bit by bit', async () => {
    const body = makeBody(50, 2000);
    const theirs = await parse(body);
    expect(asText(theirs)).toBe(asText(parseHere(body)));
    const [first, second] = theirs.data?.result?.series ?? [];
    // shared times are encoded once
    expect(first.timesMs).toBe(second.timesMs);
  });

  it('gives what has no series too', async () => {
    for (const text of [
      '{"status":"error","errorType":"e","error":"x"}',
      '{"data":{"resultType":"scalar","result":[1,"2"]}}',
    ]) {
      expect(asText(await parse(Buffer.from(text)))).toBe(asText(parseHere(Buffer.from(text))));
    }
  });

  it('serves several answers at a time with no more threads than allowed', async () => {
    const bodies = [300, 20, 150, 80, 10].map((points) => makeBody(40, points));
    const envelopes = await Promise.all(bodies.map(parse));
    envelopes.forEach((envelope, i) => expect(asText(envelope)).toBe(asText(parseHere(bodies[i]))));
    expect(started).toHaveLength(2);
    await parse(bodies[0]);
    expect(started).toHaveLength(2);
  });

  it('says where a body is no answer', async () => {
    const failure = await parse(Buffer.from('{"data":{"result":[{"values":[[1,2]]}]}}')).catch(
      (error: unknown) => error
    );
    expect(failure).toBeInstanceOf(MalformedAnswer);
    const cut = makeBody(20, 2000).subarray(0, 500_000);
    await expect(parse(cut)).rejects.toThrow('the answer was cut off after 500000 bytes');
    await expect(parse(makeBody(2, 10))).resolves.toMatchObject({ status: 'success' });
  });

  it('reports the fault of a body that goes on without end', async () => {
    const parser = pool.open();
    const feedForEver = async (): Promise<void> => {
      for (;;) {
        await parser.feed(Buffer.alloc(64 * 1024, 'x'));
      }
    };
    await expect(feedForEver()).rejects.toThrow(MalformedAnswer);
    parser.drop();
  });
});

describe('a thread that dies', () => {
  it('fails the answers it was parsing with a clear error, and the next answer has a new one', async () => {
    const parser = pool.open();
    await parser.feed(makeBody(5, 2000));
    await started[0].terminate();
    await expect(parser.finish()).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('thread'),
    });
    parser.drop();
    await expect(parse(makeBody(5, 2000))).resolves.toMatchObject({ status: 'success' });
    expect(started).toHaveLength(2);
  });
});

describe('readQueryAnswer with threads', () => {
  const answerOf = (chunks: Buffer[]): HttpAnswer => ({
    status: 200,
    statusLine: '200 OK',
    host: 'prometheus:9090',
    header: () => undefined,
    body: (async function* () {
      yield* chunks;
    })(),
  });
  const read = (body: Buffer): ReturnType<typeof readQueryAnswer> =>
    readQueryAnswer(answerOf(chunksOf(body)), (text) => text, { pool });

  it('parses small answers itself, and has large ones parsed', async () => {
    expect((await read(makeBody(2, 100))).series).toHaveLength(5);
    expect(started).toHaveLength(0);
    expect((await read(makeBody(100, 1000))).series).toHaveLength(103);
    expect(started).toHaveLength(1);
  });

  it('gives up an answer with more series than are wanted, in the thread as well, which is free again', async () => {
    const limited = (body: Buffer, maxSeries: number): ReturnType<typeof readQueryAnswer> =>
      readQueryAnswer(answerOf(chunksOf(body)), (text) => text, { pool, maxSeries });
    await expect(limited(makeBody(100, 1000), 102)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect((await limited(makeBody(100, 1000), 103)).series).toHaveLength(103);
    expect(started).toHaveLength(1);
  });

  it('tells a large page that is no answer by its beginning', async () => {
    const page = Buffer.from(`<html>login ${'x'.repeat(2_000_000)}`);
    await expect(read(page)).rejects.toMatchObject({
      code: 'SOURCE_NOT_PROMETHEUS',
      message: expect.stringContaining('login'),
    });
  });

  it('lets go of the thread when the body breaks off', async () => {
    const chunks = chunksOf(makeBody(100, 1000)).slice(0, 30);
    const broken = answerOf(chunks);
    const gone: HttpAnswer = {
      ...broken,
      body: (async function* () {
        yield* broken.body;
        throw new Error('aborted');
      })(),
    };
    await expect(readQueryAnswer(gone, (text) => text, { pool })).rejects.toThrow('aborted');
    await expect(read(makeBody(100, 1000))).resolves.toMatchObject({ resultType: 'matrix' });
    expect(started).toHaveLength(1);
  });
});
