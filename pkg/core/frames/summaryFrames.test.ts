import { type SummaryMetric } from '../../../src/contract/summary';
import { clock, NOW_MS } from '../../../tests/fakes/callers';
import { type Evaluation, MemorySource } from '../../../tests/fakes/memorySource';
import { PromkeepError } from '../model/errors';
import { evaluateSummaryInstant, evaluateSummaryRange, type SummaryEvaluation } from '../summary/summaryEvaluate';
import { summaryFrames, summaryNumberFrames } from './summaryFrames';

const METRIC: SummaryMetric = {
  key: 'cpu_usage',
  displayName: 'CPU usage',
  expr: 'cpu',
  unit: 'percent',
  decimals: 1,
  thresholds: [{ value: 80, state: 'warning' }],
  aggregation: 'mean',
  max: 100,
};

const RANGE = { fromMs: NOW_MS - 120_000, toMs: NOW_MS };

function over(vector: Evaluation, groupBy = ''): Promise<SummaryEvaluation> {
  const deps = { source: new MemorySource({ cpu: { vector } }), clock, scrapeInterval: '' };
  const call = { signal: new AbortController().signal };
  return evaluateSummaryRange(deps, METRIC, { range: RANGE, stepMs: 60_000, groupBy }, call);
}

function now(vector: Evaluation): Promise<SummaryEvaluation> {
  const deps = { source: new MemorySource({ cpu: { vector } }), clock, scrapeInterval: '' };
  const call = { signal: new AbortController().signal };
  return evaluateSummaryInstant(deps, METRIC, { timeMs: NOW_MS, groupBy: '' }, call);
}

describe('summaryFrames', () => {
  it('is the contract of docs/summary-frames.md', async () => {
    const frames = summaryFrames([await over(() => [{ labels: { instance: 'a' }, value: 42 }], 'instance')]);
    expect(frames).toEqual([
      {
        name: 'cpu_usage',
        fields: [
          {
            name: 'Time',
            type: 'time',
            values: Float64Array.of(NOW_MS - 120_000, NOW_MS - 60_000, NOW_MS),
            config: { interval: 60_000 },
          },
          {
            name: 'cpu_usage',
            type: 'number',
            labels: { metric: 'cpu_usage', instance: 'a' },
            values: Float64Array.of(42, 42, 42),
            config: {
              displayNameFromDS: 'CPU usage (a)',
              unit: 'percent',
              decimals: 1,
              max: 100,
              thresholds: {
                mode: 'absolute',
                steps: [
                  { value: null, color: 'green', state: 'ok' },
                  { value: 80, color: 'orange', state: 'warning' },
                ],
              },
            },
          },
        ],
        meta: {
          type: 'timeseries-multi',
          typeVersion: [0, 1],
          executedQueryString: 'Expr: cpu\nStep: 1m0s',
          custom: {
            calculatedMinStep: 60_000,
            promkeep: {
              version: 1,
              kind: 'summary',
              metricKey: 'cpu_usage',
              aggregation: 'mean',
              calculation: 'last',
              lastSeenMs: NOW_MS,
            },
          },
        },
      },
    ]);
  });

  it('gives what can be compared a frame of its own, and says when it could not be read', async () => {
    const [now, earlier] = [await over(() => [{ labels: {}, value: 2 }]), await over(() => [{ labels: {}, value: 1 }])];
    const frames = summaryFrames([{ ...now, earlier: { offsetMs: 86_400_000, evaluation: earlier } }]);
    expect(frames.map(({ meta }) => meta?.custom?.promkeep)).toMatchObject([
      { kind: 'summary' },
      { kind: 'summary', comparison: { offsetMs: 86_400_000 } },
    ]);
    expect(frames[1].fields[1].config?.displayNameFromDS).toBe('CPU usage (1 d earlier)');
    const absent = await over(() => []);
    expect(summaryFrames([{ ...now, earlier: { offsetMs: 3_600_000, evaluation: absent } }])).toHaveLength(1);
    const failed = { ...absent, failure: new PromkeepError('SOURCE_UNREACHABLE', 'connection refused') };
    const [frame] = summaryFrames([{ ...now, earlier: { offsetMs: 3_600_000, evaluation: failed } }]);
    expect(frame.meta?.notices).toEqual([
      { severity: 'warning', text: 'CPU usage: the earlier value could not be read: connection refused' },
    ]);
  });

  it('keeps the key readable when the group is by a label called metric', async () => {
    const [frame] = summaryFrames([await over(() => [{ labels: { metric: 'm' }, value: 1 }], 'metric')]);
    expect(frame.fields[1].labels).toEqual({ metric: 'm', metric_key: 'cpu_usage' });
  });

  it('ends the history of a stopped series with an empty value, so that its last value does not pass for the present', async () => {
    const [frame] = summaryFrames([await over((t) => (t < NOW_MS - 60_000 ? [{ labels: {}, value: 7 }] : []))]);
    expect([...frame.fields[0].values]).toEqual([NOW_MS - 120_000, NOW_MS]);
    expect(frame.fields[1]).toMatchObject({ values: Float64Array.of(7, NaN), nulls: Uint8Array.of(0, 1) });
    expect(frame.meta?.custom?.promkeep).toMatchObject({ noDataReason: 'no data since 2025-12-31T23:58:00Z' });
  });

  it('still has its tile, unit and name without a series', async () => {
    const [frame] = summaryFrames([await over(() => [])]);
    expect(frame.fields[1]).toMatchObject({
      values: new Float64Array(0),
      config: { displayNameFromDS: 'CPU usage', unit: 'percent' },
    });
    expect(frame.meta?.custom?.promkeep).toMatchObject({ noDataReason: 'no series in this range' });
  });
});

describe('summaryNumberFrames', () => {
  it('gives a single row', async () => {
    const [frame] = summaryNumberFrames([await now(() => [{ labels: {}, value: 3 }])]);
    expect(frame.meta?.type).toBe('numeric-multi');
    expect(frame.fields.map(({ values }) => [...values])).toEqual([[NOW_MS], [3]]);
  });

  it('leaves out what has no value, and says why on the first frame', async () => {
    const frames = summaryNumberFrames([await now(() => []), await now(() => [{ labels: {}, value: 3 }])]);
    expect(frames).toHaveLength(1);
    expect(frames[0].meta?.notices).toEqual([{ severity: 'warning', text: 'CPU usage: no series in this range' }]);
  });

  it('is one frame without fields when nothing has a value, which alerting reads as no data', async () => {
    expect(summaryNumberFrames([await now(() => [])]).map(({ fields }) => fields)).toEqual([[]]);
  });
});
