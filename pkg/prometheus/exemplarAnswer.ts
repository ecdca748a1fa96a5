import { type ExemplarSeries } from '../core/series';
import { parseGoFloat } from './answer/decimal';
import { MalformedAnswer } from './answer/malformedAnswer';
import { parseJson } from './answerFailure';
import { isRecord } from './settingsReader';

/** Prometheus keeps 100,000 exemplars at most unless told otherwise; with 100 bytes of labels that is 20 MB. */
export const MAX_EXEMPLAR_BYTES = 64 * 1024 * 1024;

/** Parses an answer of `query_exemplars`; exemplars that cannot be read are left out. Throws `MalformedAnswer`. */
export function parseExemplars(body: Buffer): ExemplarSeries[] {
  const json = parseJson(body);
  if (!isRecord(json)) {
    throw new MalformedAnswer('the body is no JSON object', 0);
  }
  return listIn(json.data).map(({ seriesLabels, exemplars }) => ({
    labels: stringsIn(seriesLabels),
    exemplars: listIn(exemplars).flatMap(parseExemplar),
  }));
}

function parseExemplar({ labels, value, timestamp }: Record<string, unknown>): ExemplarSeries['exemplars'] {
  const float = typeof value === 'string' ? parseGoFloat(value) : undefined;
  if (float === undefined || typeof timestamp !== 'number') {
    return [];
  }
  // Prometheus prints three decimals; their double lies within a rounding error of the millisecond
  return [{ labels: stringsIn(labels), value: float, timeMs: Math.trunc(Number((timestamp * 1000).toFixed(3))) }];
}

function listIn(value: unknown): Array<Record<string, unknown>> {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function stringsIn(value: unknown): Record<string, string> {
  const entries = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
