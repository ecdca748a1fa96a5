import { type Archive } from '../../pkg/core/ports/archive';
import { type Chunk, type Label, RAW_STEP_MS, type RawSeries } from '../../pkg/core/model/rawSeries';
import { type LabelMatcher } from '../../pkg/core/model/labelMatcher';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type RawSelect, type RawWrite } from '../../pkg/core/ports/rawSeries';
import { decodeHistogramChunk } from '../../pkg/remote/chunks/histogramDecoder';
import { chunksOfSamples } from '../../pkg/remote/chunks/seriesChunks';
import { decodeXorChunk } from '../../pkg/remote/chunks/xorChunk';
import { compareUtf8 } from '../../pkg/remote/labels';
import { bitsOf, isStale, SampleColumns } from '../../pkg/remote/sampleColumns';
import { bitTexts } from '../fakes/remoteValues';
import { live, T0 } from './underTest';

/** The definition of the suites that keep raw series. */
export const RAW = { name: 'node', expression: '{job="node"}', stepMs: RAW_STEP_MS, retention: '1y', raw: true };
export const SCRAPE = 15_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** The first hour from `T0` on, as a range of the definition's grid. */
export const FIRST_HOUR: TimeRange = { fromMs: T0, toMs: T0 + HOUR - MINUTE };

export function labelsOf(labels: Readonly<Record<string, string>>): Label[] {
  const all = Object.entries(labels).map(([name, value]) => ({ name, value }));
  return all.sort((a, b) => compareUtf8(a.name, b.name));
}

/** A series scraped from `fromMs` on; `undefined` is a missed scrape. */
export function scraped(
  labels: Readonly<Record<string, string>>,
  values: ReadonlyArray<number | undefined>,
  fromMs = T0
): RawSeries {
  const there = values.flatMap((value, i) => (value === undefined ? [] : [[fromMs + i * SCRAPE, value] as const]));
  const samples = {
    timesMs: Float64Array.from(there, ([timeMs]) => timeMs),
    values: Float64Array.from(there, ([, value]) => value),
  };
  return { labels: labelsOf(labels), chunks: chunksOfSamples(samples) };
}

export function rawWrite(series: readonly RawSeries[], change: Partial<RawWrite> = {}): RawWrite {
  const { name, expression, stepMs, retention } = RAW;
  return {
    name,
    range: FIRST_HOUR,
    retention,
    provenance: { expression, stepMs, fetchedAtMs: T0 + HOUR, prometheusVersion: '2.53.0', warnings: [] },
    covered: [],
    gaps: [],
    series: async function* () {
      yield* series;
    },
    ...change,
  };
}

export const EVERYTHING: RawSelect = { selector: [], range: { fromMs: 0, toMs: T0 + 400 * 24 * HOUR } };

export async function selectAll({ raw }: Archive, read: Partial<RawSelect> = {}): Promise<RawSeries[]> {
  const all: RawSeries[] = [];
  for await (const one of raw.select({ ...EVERYTHING, ...read }, live())) {
    all.push(one);
  }
  return all;
}

/** What is read, by the labels of the series, with every sample in words that keep its bits. */
export async function samplesOf(archive: Archive, read: Partial<RawSelect> = {}): Promise<Record<string, unknown[]>> {
  const all = await selectAll(archive, read);
  return Object.fromEntries(all.map(({ labels, chunks }) => [textOf(labels), decodeChunks(chunks)]));
}

export function textOf(labels: readonly Label[]): string {
  return `{${labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(',')}}`;
}

/** `[time, value]` for plain numbers, `[time, 'stale']`, `[time, bits]` for other floats, and native histograms. */
export function decodeChunks(chunks: readonly Chunk[]): unknown[] {
  const all = chunks.flatMap((chunk) => {
    const samples = decodeChunk(chunk);
    const times = samples.map(timeOf);
    expect([times[0], times.at(-1)]).toEqual([chunk.minTimeMs, chunk.maxTimeMs]);
    return samples;
  });
  const times = all.map(timeOf);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  return all;
}

function decodeChunk({ encoding, data }: Chunk): unknown[] {
  if (encoding !== 'xor') {
    const histograms = decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data);
    return [...histograms].map((one) => [one.timeMs, bitTexts(one)]);
  }
  const columns = new SampleColumns();
  decodeXorChunk(data, columns);
  const { timesMs, values } = columns.samples();
  const bits = bitsOf(values);
  return [...timesMs].map((timeMs, i) => {
    const [low, high] = [bits[2 * i], bits[2 * i + 1]];
    const isPlain = Number.isFinite(values[i]) && !Object.is(values[i], -0);
    return [timeMs, isStale(low, high) ? 'stale' : isPlain ? values[i] : `${high.toString(16)} ${low.toString(16)}`];
  });
}

function timeOf(sample: unknown): number {
  return Array.isArray(sample) ? Number(sample[0]) : NaN;
}

/** As Prometheus matches, slowly. */
export function matchesNaively(matchers: readonly LabelMatcher[], labels: readonly Label[]): boolean {
  return matchers.every(({ name, operator, value }) => {
    const found = labels.find((label) => label.name === name)?.value ?? '';
    const holds = operator.endsWith('~') ? new RegExp(`^(?:${value})$`, 's').test(found) : found === value;
    return holds === operator.startsWith('=');
  });
}

/** Where chunks begin has no meaning, and with it what their first histogram says of a reset. */
export function withoutResets(all: Record<string, unknown[]>): unknown {
  return JSON.parse(JSON.stringify(all).replace(/"reset":"(no|unknown)"/g, '"reset":""'));
}
