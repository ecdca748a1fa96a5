import { clock, editor, NOW_MS } from '../../../tests/fakes/callers';
import { MemoryArchive } from '../../../tests/fakes/memoryArchive';
import { type KeepDeps, type KeepRequest, keepResult } from './keepResult';
import { type Series } from '../model/series';

const live = (): AbortSignal => new AbortController().signal;

function setUp(archive = new MemoryArchive()) {
  const deps: KeepDeps = {
    target: {
      samples: archive.samples,
      allowKeep: true,
      retention: '7d',
      maxRowsPerDay: 100,
      maxSeries: 10,
      forwardsCredentials: false,
    },
    clock,
    version: async () => undefined,
    timeoutSignal: live,
  };
  return { archive, deps };
}

function request(series: Series[], stepMs = 0): KeepRequest {
  return {
    result: { resultType: 'matrix', series, warnings: ['w'], infos: [] },
    expr: 'x',
    range: { fromMs: NOW_MS, toMs: NOW_MS },
    stepMs,
  };
}

const floats: Series = {
  labels: { a: '1' },
  timesMs: Float64Array.of(NOW_MS - 10, NOW_MS - 5),
  values: Float64Array.of(1, 2),
};
const histogram: Series = {
  labels: { a: '2' },
  timesMs: new Float64Array(0),
  values: new Float64Array(0),
  histograms: {
    timesMs: new Float64Array(0),
    counts: new Float64Array(0),
    sums: new Float64Array(0),
    bucketStart: Uint32Array.of(0),
    bucketRule: new Int8Array(0),
    bucketLower: new Float64Array(0),
    bucketUpper: new Float64Array(0),
    bucketCount: new Float64Array(0),
  },
};

describe('keepResult', () => {
  it('covers the samples of an instant query that gives a matrix, which lie before its time', async () => {
    const { deps, archive } = setUp();
    const report = await keepResult(deps, request([floats]), editor, live());
    expect(report).toEqual({ kept: { inserted: 2, unchanged: 0, revised: 0, withdrawn: 0 }, problems: [] });
    expect(archive.samples.writes[0]).toMatchObject({
      range: { fromMs: NOW_MS - 10, toMs: NOW_MS },
      covered: [],
      gaps: [],
      provenance: { warnings: ['w'] },
    });
  });

  // [A14]
  it('keeps the floats and says that histograms were left out', async () => {
    const { deps } = setUp();
    const report = await keepResult(deps, request([floats, histogram]), editor, live());
    expect(report.kept?.inserted).toBe(2);
    expect(report.problems).toEqual(['1 series with native histograms cannot be stored']);
  });

  it('writes nothing, and so withdraws nothing, when there are only histograms', async () => {
    const { deps, archive } = setUp();
    const report = await keepResult(deps, request([histogram]), editor, live());
    expect(report).toEqual({ problems: ['native histograms cannot be stored'] });
    expect(archive.samples.writes).toEqual([]);
  });

  it('says that the query was cancelled, not that the archive was slow', async () => {
    const { deps } = setUp();
    const report = await keepResult(deps, request([floats]), editor, AbortSignal.abort());
    expect(report.kept).toBeUndefined();
    expect(report.problems[0]).not.toMatch(/did not confirm/);
  });

  it('counts what is kept today, also by earlier queries', async () => {
    const { deps, archive } = setUp();
    const policy = { allowKeep: true, retention: '7d', maxRowsPerDay: 3, maxSeries: 10, forwardsCredentials: false };
    const target = { samples: archive.samples, ...policy };
    await keepResult({ ...deps, target }, request([floats]), editor, live());
    const report = await keepResult({ ...deps, target }, request([floats]), editor, live());
    expect(report.problems).toEqual(["2 more rows would exceed today's limit of 3 (2 are kept)"]);
  });
});
