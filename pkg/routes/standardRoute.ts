import { type LabeledSamples, toJsonRecord, toStandardRecords } from '../../src/contract/standardRecord';
import { type ApiRoute } from '../core/ports/apiRoute';
import { callFor } from '../core/datasource/callers';
import { PromkeepError } from '../core/model/errors';
import { type QueryResult } from '../core/model/series';
import { standardSeries } from '../core/frames/standardFrame';
import { evaluate, type EvaluateDeps, type QueryCost, TIME_PARAMETERS } from './evaluate';
import { text } from './parameters';
import { route } from './route';

/**
 * `GET /api/standard?query=…[&time]` evaluates at one time (now, unless given), `&start&end[&step]` over a range. The body is
 * `{records, warnings, infos}` with standard records [R5]; NaN and the infinities are strings.
 */
export function createStandardRoute(deps: EvaluateDeps): ApiRoute {
  return route({
    method: 'GET',
    path: '/api/standard',
    takes: { query: text, ...TIME_PARAMETERS },
    async answer({ query: expr, ...times }, { caller, signal }) {
      const result = await evaluate(deps, times, expr, callFor(caller, signal));
      const series = standardSeries(result.series, expr);
      refuseTooMany(series, deps.limits);
      const records = toStandardRecords(series, expr).map(toJsonRecord);
      return { records, warnings: result.warnings, infos: [...result.infos, ...noteText(result)] };
    },
  });
}

function refuseTooMany(series: readonly LabeledSamples[], { maxRecords }: QueryCost): void {
  const count = series.reduce((sum, one) => sum + one.timesMs.length, 0);
  if (count > maxRecords) {
    throw new PromkeepError(
      'LIMIT_EXCEEDED',
      `The result has ${count} samples, more than ${maxRecords}; narrow the query, the range or the step.`
    );
  }
}

function noteText({ text }: QueryResult): string[] {
  return text ? [`The query returned a string, which is no metric: ${JSON.stringify(text.value.slice(0, 200))}`] : [];
}
