import { type BucketSpan, type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { compress } from '../../pkg/remote/snappy';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { SERVERS, TestServer } from './archiveServers';

/** The bounds of native buckets as SQL calculates them are those a real Prometheus names, but for the last digit. */
jest.setTimeout(120_000);

const SCHEMAS = [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8];
const NOW_MS = Math.floor(Date.now() / 1000) * 1000;

let prometheus: RunningPrometheus;

beforeAll(async () => {
  prometheus = await startPrometheus({
    config: 'scrape_configs: []\n',
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'],
  });
  const series = SCHEMAS.map((schema) => ({
    labels: [
      { name: '__name__', value: 'bounds' },
      { name: 'schema', value: String(schema) },
    ],
    samples: { timesMs: new Float64Array(0), values: new Float64Array(0) },
    histograms: [histogramOf(schema)],
  }));
  const response = await fetch(`${prometheus.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'Content-Encoding': 'snappy', 'Content-Type': 'application/x-protobuf' },
    body: new Uint8Array(compress(encodeWriteRequest({ series, metadata: [] }))),
  });
  expect([response.status, await response.text()]).toEqual([204, '']);
}, 60_000);

afterAll(() => prometheus?.stop());

describe.each(SERVERS)('bounds of buckets on $name', (server) => {
  const test = new TestServer(server);

  beforeAll(() => test.start());
  afterAll(() => test.stop());

  it('are those of Prometheus, from the smallest double to infinity', async () => {
    const url = await test.freshDatabase();
    await test.archive(url).migrate();
    const client = await test.client(url);
    for (const schema of SCHEMAS) {
      const { rows } = await client.query<{ low: number; high: number }>(
        `SELECT promkeep_bucket_bound($1, b.n - 1, '{}') AS low, promkeep_bucket_bound($1, b.n, '{}') AS high
         FROM unnest($2::integer[]) AS b(n)`,
        [schema, indexesOf(schema)]
      );
      // Prometheus leaves out buckets of no width at all.
      const bounds = rows.filter(({ high }) => high > 0).map(({ low, high }) => [low, high]);
      expect(bounds.length).toBeGreaterThan(indexesOf(schema).length - 8);
      const theirs = await boundsOf(schema);
      expect([schema, bounds.length]).toEqual([schema, theirs.length]);
      expect(bounds.flat().filter((bound, i) => !isClose(bound, theirs.flat()[i]))).toEqual([]);
    }
  });
});

/** The last bucket of all, and how many there are to a power of two. */
function sizesOf(schema: number): { last: number; toDouble: number } {
  return { last: 1024 * 2 ** schema + 1, toDouble: 2 ** Math.max(0, schema) };
}

/** Every bucket of two powers of two around 1, and those at both ends. */
function spansOf(schema: number): BucketSpan[] {
  const { last, toDouble } = sizesOf(schema);
  const first = Math.ceil(-1074 * 2 ** schema) - 2;
  const parts = [
    [first, first + 2 * toDouble + 6],
    [-toDouble, toDouble],
    [last - toDouble - 3, last],
  ];
  let end = 0;
  return parts.map(([low, high]) => {
    const span = { offset: low - end, length: high - low + 1 };
    end = high + 1;
    return span;
  });
}

function indexesOf(schema: number): number[] {
  let index = 0;
  return spansOf(schema).flatMap(({ offset, length }) => {
    index += offset;
    return Array.from({ length }, () => index++);
  });
}

function histogramOf(schema: number): NativeHistogram {
  const spans = spansOf(schema);
  // One each: the first is 1, and none differs from the one before.
  const values = Float64Array.from(indexesOf(schema), (_, i) => (i === 0 ? 1 : 0));
  return {
    kind: 'integer',
    timeMs: NOW_MS,
    reset: 'unknown',
    schema,
    zeroThreshold: 0,
    totals: Float64Array.of(values.length, 0, 1),
    positive: { spans, values },
    negative: { spans: [], values: new Float64Array(0) },
    customBounds: new Float64Array(0),
  };
}

interface Answer {
  data: { result: Array<{ histogram: [number, { buckets: Array<[number, string, string, string]> }] }> };
}

async function boundsOf(schema: number): Promise<number[][]> {
  const query = new URLSearchParams({ query: `bounds{schema="${schema}"}`, time: String(NOW_MS / 1000) });
  const answer: Answer = JSON.parse(await (await fetch(`${prometheus.url}/api/v1/query?${query}`)).text());
  return answer.data.result[0].histogram[1].buckets.map(([, low, high]) => [goFloat(low), goFloat(high)]);
}

/** Within eight units in the last place; the smallest doubles, which have few digits, within two. */
function isClose(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= Math.max(8 * Number.EPSILON * Math.abs(b), 2 * Number.MIN_VALUE);
}

function goFloat(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}
