import * as v from 'valibot';
import { fitting, isRecord, texts } from '../../../src/contract/lenient';
import { parseJson } from '../../core/model/parseJson';
import { type ExemplarSeries } from '../../core/model/series';
import { parseGoFloat } from './parser/decimal';
import { MalformedAnswer } from './parser/malformedAnswer';

/** Prometheus keeps 100,000 exemplars at most unless told otherwise; with 100 bytes of labels that is 20 MB. */
export const MAX_EXEMPLAR_BYTES = 64 * 1024 * 1024;

const EXEMPLAR = v.object({
  labels: texts,
  value: v.pipe(v.string(), v.transform(parseGoFloat), v.number()),
  timestamp: v.number(),
});

const SERIES = v.object({ seriesLabels: texts, exemplars: fitting(EXEMPLAR) });

/** Parses an answer of `query_exemplars`; exemplars that cannot be read are left out. Throws `MalformedAnswer`. */
export function parseExemplars(body: Buffer): ExemplarSeries[] {
  const json = parseJson(body.toString('utf8'));
  if (!isRecord(json)) {
    throw new MalformedAnswer('the body is no JSON object', 0);
  }
  return v.parse(fitting(SERIES), json.data).map(({ seriesLabels, exemplars }) => ({
    labels: seriesLabels,
    exemplars: exemplars.map(({ labels, value, timestamp }) => ({ labels, value, timeMs: millisecondsOf(timestamp) })),
  }));
}

/** Prometheus prints three decimals; their double lies within a rounding error of the millisecond. */
function millisecondsOf(timestamp: number): number {
  return Math.trunc(Number((timestamp * 1000).toFixed(3)));
}
