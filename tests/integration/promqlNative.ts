import { compress } from '../../pkg/remote/snappy';
import { encodeWriteRequest } from '../../pkg/remote/messages/writeRequest';
import { type TimeSeries } from '../../pkg/remote/messages/timeSeries';
import { type Label } from '../../pkg/core/model/rawSeries';
import { type NativeHistogram } from '../../pkg/remote/nativeHistogram';
import { markStale } from '../../pkg/remote/sampleColumns';
import { type MadeTimes } from './promqlData';

/** What text formats cannot say, by remote write: native histograms of both forms, stale markers, a NaN of another kind. */

const STEP_MS = 15_000;
const NONE = { spans: [], values: new Float64Array(0) };
const NO_SAMPLES = { timesMs: new Float64Array(0), values: new Float64Array(0) };

const named = (name: string, ...more: Array<[name: string, value: string]>): Label[] =>
  [['__name__', name], ...more].map(([label, value]) => ({ name: label, value }));

/** Counts that grow and begin anew once, with buckets that come later. */
function growing(kind: NativeHistogram['kind'], timeMs: number, i: number): NativeHistogram {
  const age = i % 70;
  const spans =
    i < 30
      ? [{ offset: -2, length: 2 }]
      : [
          { offset: -2, length: 2 },
          { offset: 3, length: 1 },
        ];
  const counts = [age + 1, 2 * age + 1, 3 * age].slice(0, i < 30 ? 2 : 3);
  const values =
    kind === 'integer' ? counts.map((count, at) => count - (counts[at - 1] ?? 0)) : counts.map((count) => count / 2);
  const total = counts.reduce((sum, count) => sum + count, age);
  return {
    kind,
    timeMs,
    reset: 'unknown',
    schema: i < 100 ? 2 : 1,
    zeroThreshold: 0.001,
    totals: Float64Array.of(kind === 'integer' ? total : total / 2, kind === 'integer' ? age : age / 2, age * 1.1),
    positive: { spans, values: Float64Array.from(values) },
    negative: NONE,
    customBounds: new Float64Array(0),
  };
}

function staleHistogram(timeMs: number): NativeHistogram {
  const totals = new Float64Array(3);
  markStale(totals, 2);
  return { ...growing('integer', timeMs, 0), schema: 0, zeroThreshold: 0, totals, positive: NONE };
}

function histograms(kind: NativeHistogram['kind'], times: number[]): NativeHistogram[] {
  // 2.42 takes a stale float histogram for one of integers, and loses those before it
  return times.map((timeMs, i) =>
    kind === 'integer' && i % 50 === 49 ? staleHistogram(timeMs) : growing(kind, timeMs, i)
  );
}

export function writtenSeries({ headStartMs, headEndMs }: MadeTimes): TimeSeries[] {
  const times: number[] = [];
  for (let timeMs = headStartMs; timeMs < headEndMs; timeMs += STEP_MS) {
    times.push(timeMs);
  }
  const values = Float64Array.from(times, (_, i) => i * i);
  // ends and begins again; at its end within five minutes of the next
  markStale(values, 20, 21, 60, times.length - 1);
  const natives = (['integer', 'float'] as const).flatMap((kind) =>
    ['a:1', 'b:1'].map((instance) => ({
      labels: named('made_native_seconds', ['instance', instance], ['kind', kind]),
      samples: NO_SAMPLES,
      histograms: histograms(kind, times),
    }))
  );
  const up = { timesMs: Float64Array.from(times), values: new Float64Array(times.length).fill(1) };
  return [
    ...natives,
    { labels: named('up', ['job', 'written']), samples: up, histograms: [] },
    {
      labels: named('made_stale', ['place', '𠀀']),
      samples: { timesMs: Float64Array.from(times), values },
      histograms: [],
    },
  ];
}

export async function writeRemotely(url: string, series: TimeSeries[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: {
      'Content-Encoding': 'snappy',
      'Content-Type': 'application/x-protobuf',
      'X-Prometheus-Remote-Write-Version': '0.1.0',
    },
    body: new Uint8Array(compress(encodeWriteRequest({ series, metadata: [] }))),
  });
  if (response.status !== 204 && response.status !== 200) {
    throw new Error(`remote write: ${response.status} ${await response.text()}`);
  }
}
