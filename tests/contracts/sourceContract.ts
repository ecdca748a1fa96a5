import { PromkeepError, type ErrorCode } from '../../pkg/core/model/errors';
import { type CallOptions, type MetricSource, type ResourceRequest } from '../../pkg/core/ports/metricSource';

export interface SourceUnderTest {
  source: MetricSource;
  dispose(): Promise<void>;
}

/** 2026-01-01T00:00:00.000Z */
const T0 = 1_767_225_600_000;

/**
 * Expressions that need no scraped data: a fake must answer these to run the suite, a Prometheus answers them by itself.
 */
export const SOURCE_CONTRACT_EXPRESSIONS = {
  time: 'vector(time())',
  nan: 'vector(0/0)',
  infinity: 'vector(1/0)',
  labelled: 'label_replace(vector(1), "a", "b", "", "")',
  scalar: '1+1',
  string: '"abc"',
  empty: 'promkeep_contract_nothing_has_this_name',
  broken: 'sum(',
} as const;

/** What every `MetricSource` promises. Run on the fake of the unit tests and on a real Prometheus. */
export function describeSourceContract(name: string, begin: () => Promise<SourceUnderTest>): void {
  describe(`source contract: ${name}`, () => {
    let subject: SourceUnderTest;
    const source = (): MetricSource => subject.source;

    beforeAll(async () => {
      subject = await begin();
    });

    afterAll(async () => {
      await subject.source.close();
      await subject.dispose();
    });

    describeRange(source);
    describeInstant(source);
    describeFailures(source);
    describeRest(source);
  });
}

type Source = () => MetricSource;

function describeRange(source: Source): void {
  const ask = (expr: string, endMs = T0 + 30_000) =>
    source().queryRange({ expr, startMs: T0, endMs, stepMs: 15_000 }, live());

  it('evaluates at every point of the grid, both ends included', async () => {
    const result = await ask(SOURCE_CONTRACT_EXPRESSIONS.time);
    expect(result.resultType).toBe('matrix');
    expect(result.series).toHaveLength(1);
    expect([...result.series[0].timesMs]).toEqual([T0, T0 + 15_000, T0 + 30_000]);
    expect([...result.series[0].values]).toEqual([T0 / 1000, T0 / 1000 + 15, T0 / 1000 + 30]);
  });

  it('keeps milliseconds of start and step', async () => {
    const { series } = await source().queryRange(
      { expr: SOURCE_CONTRACT_EXPRESSIONS.time, startMs: T0 + 123, endMs: T0 + 333, stepMs: 50 },
      live()
    );
    expect([...series[0].timesMs]).toEqual([T0 + 123, T0 + 173, T0 + 223, T0 + 273, T0 + 323]);
  });

  it('keeps NaN, infinities and labels', async () => {
    expect([...(await ask(SOURCE_CONTRACT_EXPRESSIONS.nan, T0)).series[0].values]).toEqual([NaN]);
    expect([...(await ask(SOURCE_CONTRACT_EXPRESSIONS.infinity, T0)).series[0].values]).toEqual([Infinity]);
    expect((await ask(SOURCE_CONTRACT_EXPRESSIONS.labelled)).series[0].labels).toEqual({ a: 'b' });
  });

  // [A17]
  it('gives up an answer with more series than are wanted, and no other', async () => {
    const { labelled: expr } = SOURCE_CONTRACT_EXPRESSIONS;
    const limited = (maxSeries: number) =>
      source().queryRange({ expr, startMs: T0, endMs: T0, stepMs: 15_000, maxSeries }, live());
    expect((await limited(1)).series).toHaveLength(1);
    expect((await failureOf(limited(0))).code).toBe<ErrorCode>('LIMIT_EXCEEDED');
  });

  it('gives no series for an empty result', async () => {
    const result = await ask(SOURCE_CONTRACT_EXPRESSIONS.empty);
    expect(result).toMatchObject({ resultType: 'matrix', series: [], warnings: [] });
  });
}

function describeInstant(source: Source): void {
  const ask = (expr: string) => source().queryInstant({ expr, timeMs: T0 + 1 }, live());

  it('gives a vector as series of one sample at the asked time', async () => {
    const result = await ask(SOURCE_CONTRACT_EXPRESSIONS.labelled);
    expect(result.resultType).toBe('vector');
    expect(result.series).toEqual([
      { labels: { a: 'b' }, timesMs: Float64Array.of(T0 + 1), values: Float64Array.of(1) },
    ]);
  });

  it('tells a series without labels from a scalar', async () => {
    expect((await ask(SOURCE_CONTRACT_EXPRESSIONS.nan)).series[0].labels).toEqual({});
    const scalar = await ask(SOURCE_CONTRACT_EXPRESSIONS.scalar);
    expect(scalar.resultType).toBe('scalar');
    expect(scalar.series).toEqual([
      { labels: undefined, timesMs: Float64Array.of(T0 + 1), values: Float64Array.of(2) },
    ]);
  });

  it('gives a string as text', async () => {
    const result = await ask(SOURCE_CONTRACT_EXPRESSIONS.string);
    expect(result).toMatchObject({ resultType: 'string', series: [], text: { timeMs: T0 + 1, value: 'abc' } });
  });
}

function describeFailures(source: Source): void {
  it('passes on what Prometheus says about a bad expression', async () => {
    const error = await failureOf(
      source().queryRange({ expr: SOURCE_CONTRACT_EXPRESSIONS.broken, startMs: T0, endMs: T0, stepMs: 15_000 }, live())
    );
    expect(error.code).toBe<ErrorCode>('SOURCE_REFUSED');
    expect(error.message).toMatch(/^bad_data: .*parse error/);
    expect(error.status).toBe(400);
  });

  it('stops for a caller that has gone', async () => {
    const options = { signal: AbortSignal.abort() };
    const error = await failureOf(
      source().queryInstant({ expr: SOURCE_CONTRACT_EXPRESSIONS.scalar, timeMs: T0 }, options)
    );
    expect(error.code).toBe<ErrorCode>('QUERY_CANCELLED');
  });
}

function describeRest(source: Source): void {
  it('knows the version of the server', async () => {
    const build = await source().buildInfo(live());
    expect(build?.application).toBe('Prometheus');
    expect(build?.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('has no exemplars of a metric that is not there', async () => {
    const { empty } = SOURCE_CONTRACT_EXPRESSIONS;
    expect(await source().queryExemplars({ expr: empty, startMs: T0, endMs: T0 + 1000 }, live())).toEqual([]);
  });

  // [Q4.1]
  it('passes the paths of the API through', async () => {
    const response = await source().resource(resource('GET', 'api/v1/labels'), live());
    expect(response.status).toBe(200);
    const body: unknown = JSON.parse(new TextDecoder().decode(response.body));
    expect(body).toMatchObject({ status: 'success' });
  });

  it.each(['api/v1/admin/tsdb/clean_tombstones', '-/quit', 'api/v1/labels/../admin/tsdb/snapshot'])(
    'refuses %s',
    async (path) => {
      const error = await failureOf(source().resource(resource('POST', path), live()));
      expect(error.status).toBe(403);
    }
  );
}

async function failureOf(work: Promise<unknown>): Promise<PromkeepError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason
  );
  if (!(error instanceof PromkeepError)) {
    throw new Error(`expected a PromkeepError, got ${String(error)}`);
  }
  return error;
}

function resource(method: string, path: string): ResourceRequest {
  return { method, path, query: '', headers: {}, body: new Uint8Array() };
}

function live(): CallOptions {
  return { signal: new AbortController().signal };
}
