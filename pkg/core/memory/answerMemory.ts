import { PromkeepError } from '../model/errors';

/**
 * What an answer takes in memory at its most: parsed, as frames, and as the Arrow files that are sent.
 * Measured per shape of answer (Node 24, after garbage collection, all of it alive): 200,000 series of one sample and one short
 * label 3.2 KB a series, with 5 labels of 20 bytes 4.4 KB, with 20 labels 8.7 KB; 10,000 series of 1,000 samples 36 bytes a
 * sample; native histograms 71 bytes a bucket. What is not collected yet comes on top: the peaks were 1.1 times this.
 */
const SERIES_BYTES = 4096;
/** For each byte of a label in JSON. */
const LABEL_FACTOR = 8;
const SAMPLE_BYTES = 36;
const BUCKET_BYTES = 72;

const TOO_MANY_SERIES = 422;

/** @param labelBytes of the labels as JSON, of all series together */
export function answerBytes(series: number, labelBytes: number, samples: number): number {
  return series * SERIES_BYTES + labelBytes * LABEL_FACTOR + samples * SAMPLE_BYTES;
}

export function histogramBytes(samples: number, buckets: number): number {
  return samples * SAMPLE_BYTES + buckets * BUCKET_BYTES;
}

/** 422, as Prometheus' own "too many samples". */
export function tooManySeries(limit: number): PromkeepError {
  const text = `The answer has more than ${limit} series, the limit. Aggregate, add matchers, or raise the limit.`;
  return new PromkeepError('LIMIT_EXCEEDED', text, { status: TOO_MANY_SERIES });
}

export function isTooManySeries(error: unknown): error is PromkeepError {
  return error instanceof PromkeepError && error.code === 'LIMIT_EXCEEDED' && error.status === TOO_MANY_SERIES;
}
