import { type HistogramSamples, type Labels, type Series } from '../../core/model/series';
import { type Envelope } from '../answer/parser/answerParser';

/**
 * Series in a form that passes from thread to thread quickly: one array of numbers, which changes hands without a copy, and
 * one text. A copy of 10,000 label sets object by object would block both threads for longer than parsing them takes.
 */
export interface PackedSeries {
  /** JSON; null for a series without labels. */
  labels: string;
  numbers: Float64Array<ArrayBuffer>;
  /** For each series: where in `numbers` its times start, where its values start, and how many there are of each. */
  places: Uint32Array<ArrayBuffer>;
  histograms: Array<[series: number, samples: HistogramSamples]>;
}

/** An envelope on its way between threads. */
export interface PackedEnvelope {
  envelope: Envelope;
  series?: PackedSeries;
}

const PLACES = 3;

/** @returns what to send, and the memory that changes hands with it */
export function packEnvelope(envelope: Envelope): { packed: PackedEnvelope; transfer: ArrayBuffer[] } {
  const result = envelope.data?.result;
  if (!result || result.series.length === 0) {
    return { packed: { envelope }, transfer: [] };
  }
  const series = packSeries(result.series);
  const data = { ...envelope.data, result: { ...result, series: [] } };
  return {
    packed: { envelope: { ...envelope, data }, series },
    transfer: [series.numbers.buffer, series.places.buffer],
  };
}

export function unpackEnvelope({ envelope, series }: PackedEnvelope): Envelope {
  if (envelope.data?.result && series) {
    envelope.data.result.series = unpackSeries(series);
  }
  return envelope;
}

function packSeries(series: readonly Series[]): PackedSeries {
  // series on one grid share their array of times
  const arrays = new Map<Float64Array, number>();
  let length = 0;
  const place = (array: Float64Array): number => {
    const known = arrays.get(array);
    if (known !== undefined) {
      return known;
    }
    arrays.set(array, length);
    length += array.length;
    return length - array.length;
  };
  const places = new Uint32Array(PLACES * series.length);
  series.forEach(({ timesMs, values }, i) => {
    places.set([place(timesMs), place(values), timesMs.length], PLACES * i);
  });
  const numbers = new Float64Array(length);
  arrays.forEach((start, array) => numbers.set(array, start));
  return {
    labels: JSON.stringify(series.map(({ labels }) => labels ?? null)),
    numbers,
    places,
    histograms: series
      .flatMap(({ histograms }, i) => (histograms ? [[i, histograms] as const] : []))
      .map(([...pair]) => pair),
  };
}

function unpackSeries({ labels, numbers, places, histograms }: PackedSeries): Series[] {
  const times = new Map<number, Float64Array>();
  const timesAt = (start: number, length: number): Float64Array => {
    const known = times.get(start);
    if (known?.length === length) {
      return known;
    }
    const timesMs = numbers.subarray(start, start + length);
    times.set(start, timesMs);
    return timesMs;
  };
  const series = (JSON.parse(labels) as Array<Labels | null>).map((one, i): Series => {
    const [timesStart, valuesStart, length] = places.subarray(PLACES * i, PLACES * (i + 1));
    return {
      labels: one ?? undefined,
      timesMs: timesAt(timesStart, length),
      values: numbers.subarray(valuesStart, valuesStart + length),
    };
  });
  histograms.forEach(([i, samples]) => (series[i].histograms = samples));
  return series;
}
