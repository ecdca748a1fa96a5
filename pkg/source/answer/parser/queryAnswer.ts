import { type QueryResult, type ResultType } from '../../../core/model/series';
import { type Envelope } from './answerParser';
import { parseGoFloat } from './decimal';
import { MalformedAnswer } from './malformedAnswer';

/** Prometheus' own words about a query it did not answer. */
export interface Refusal {
  errorType: string;
  error: string;
}

/** The refusal in an envelope, if it is one; a missing `status` counts as success unless there is an error and no data. */
export function refusalOf({ status, error, errorType, data }: Envelope): Refusal | undefined {
  const failed = status === undefined ? error !== undefined && !data?.result : status !== 'success';
  return failed
    ? { errorType: errorType ?? 'error', error: error ?? `status "${status}" without an error text` }
    : undefined;
}

/** The answer of a successful envelope. Throws `MalformedAnswer`. */
export function toQueryResult({ data, warnings, infos }: Envelope): QueryResult {
  const resultType = data?.resultType;
  if (resultType === undefined) {
    throw new MalformedAnswer('no resultType found', 0);
  }
  if (!isResultType(resultType)) {
    throw new MalformedAnswer(`unknown result type: ${resultType.slice(0, 40)}`, 0);
  }
  const raw = data?.result ?? { series: [] };
  const result: QueryResult = { resultType, series: raw.series, warnings, infos };
  if (data?.stats !== undefined) {
    result.stats = data.stats;
  }
  if (resultType === 'matrix' || resultType === 'vector') {
    if (raw.pair) {
      throw new MalformedAnswer(`the result is no ${resultType}`, 0);
    }
    return result;
  }
  if (!raw.pair) {
    throw new MalformedAnswer(`the result is no ${resultType}`, 0);
  }
  const { timeMs, text } = raw.pair;
  if (resultType === 'string') {
    return { ...result, text: { timeMs, value: text } };
  }
  const value = parseGoFloat(text);
  if (value === undefined) {
    throw new MalformedAnswer('the scalar is no number', 0);
  }
  return {
    ...result,
    series: [{ labels: undefined, timesMs: Float64Array.of(timeMs), values: Float64Array.of(value) }],
  };
}

function isResultType(text: string): text is ResultType {
  return text === 'matrix' || text === 'vector' || text === 'scalar' || text === 'string';
}
