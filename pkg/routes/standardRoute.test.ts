import { ScriptedSource } from '../../tests/fakes/scriptedSource';
import { type ApiResponse } from '../core/ports/apiRoute';
import { createStandardRoute } from './standardRoute';

const NOW_MS = Date.UTC(2026, 0, 1);
const LIMITS = { maxPoints: 100, maxRangeMs: 3_600_000, maxRecords: 50 };

function ask(query: string, source = new ScriptedSource()): Promise<ApiResponse> {
  const route = createStandardRoute({ source, clock: { nowMs: () => NOW_MS }, limits: LIMITS });
  return route.handle({
    query: new URLSearchParams(query),
    body: new Uint8Array(),
    caller: { orgId: 1, headers: {} },
    signal: new AbortController().signal,
  });
}

it('evaluates now without times, and at "time" with it', async () => {
  const source = new ScriptedSource();
  await ask('query=up', source);
  await ask('query=up&time=2025-12-31T23:00:00%2B01:00', source);
  expect(source.asked.map(({ startMs }) => NOW_MS - startMs)).toEqual([0, 7_200_000]);
});

it.each([
  ['start=1767225000&end=1767225600&step=30', 30_000],
  ['start=1767225000&end=1767225600&step=1m30s', 90_000],
  ['start=1767225000.5&end=2026-01-01T00:00:00Z&step=30s', 30_000],
  ['start=1767224100&end=1767225600', 6_000],
])('reads the range %s', async (times, stepMs) => {
  const source = new ScriptedSource();
  source.answer = () => ({ series: [] });
  if (times.includes('step')) {
    await ask(`query=up&${times}`, source);
    expect(source.asked[0]).toMatchObject({ endMs: NOW_MS, stepMs });
  } else {
    // The chosen step gives 250 points, more than this test's limit.
    await expect(ask(`query=up&${times}`, source)).rejects.toThrow('a step of 16s is enough');
  }
});

it.each([
  ['', 'QUERY_INVALID', '"query" is missing'],
  ['query=up&query=down', 'QUERY_INVALID', 'more than once'],
  ['query=up&fromat=x', 'QUERY_INVALID', 'allowed are query, time, start, end, step'],
  ['query=up&start=1', 'QUERY_INVALID', '"end" is missing'],
  ['query=up&time=1&start=1&end=2', 'QUERY_INVALID', 'either "time" or'],
  ['query=up&time=yesterday', 'QUERY_INVALID', 'Unix seconds or RFC 3339'],
  ['query=up&time=1e300', 'QUERY_INVALID', 'Unix seconds or RFC 3339'],
  ['query=up&start=2&end=1', 'QUERY_INVALID', 'before'],
  ['query=up&start=1&end=2&step=0', 'QUERY_INVALID', 'above zero'],
  ['query=up&start=1&end=2&step=5x', 'QUERY_INVALID', 'above zero'],
  ['query=up&start=0&end=9999&step=1h', 'LIMIT_EXCEEDED', 'longer than 1 hours'],
  ['query=up&start=0&end=3600&step=1', 'LIMIT_EXCEEDED', 'more than 100 points'],
  ['query=up&start=0&end=60&step=1', 'LIMIT_EXCEEDED', '61 samples, more than 50'],
])('refuses "%s"', async (query, code, text) => {
  await expect(ask(query)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
});

it('gives count and sum of a native histogram, and a note instead of a string', async () => {
  const source = new ScriptedSource();
  const of = (value: number): Float64Array => Float64Array.of(value);
  const bounds = { bucketRule: new Int8Array(), bucketLower: of(0), bucketUpper: of(0), bucketCount: of(0) };
  source.answer = () => ({
    series: [
      {
        labels: { __name__: 'h', job: 'x' },
        timesMs: new Float64Array(),
        values: new Float64Array(),
        histograms: { timesMs: of(NOW_MS), counts: of(7), sums: of(NaN), bucketStart: Uint32Array.of(0, 0), ...bounds },
      },
    ],
  });
  const { body } = await ask('query=h', source);
  expect(body).toMatchObject({
    records: [
      { metric_name: 'h_count', metric_value: 7, labels: { job: 'x' } },
      { metric_name: 'h_sum', metric_value: 'NaN' },
    ],
  });
  source.answer = () => ({ series: [], text: { timeMs: NOW_MS, value: 'hi' } });
  expect((await ask('query=x', source)).body).toMatchObject({ records: [], infos: [expect.stringContaining('"hi"')] });
});
