import { type LabeledSamples, toJsonRecord, toStandardRecords } from '../../src/contract/standardRecord';
import { type ApiRoute } from '../core/ports/apiRoute';
import { callFor } from '../core/datasource/callers';
import { PromkeepError } from '../core/model/errors';
import { type QueryResult } from '../core/model/series';
import { standardSeries } from '../core/frames/standardFrame';
import { evaluate, type AskDeps, type QueryCost, TIME_PARAMETERS } from './evaluate';
import { readParameters, text } from './parameters';

/**
 * `GET /api/standard?query=…[&time]` evaluates at one time (now, unless given), `&start&end[&step]` over a range. The body is
 * `{records, warnings, infos}` with standard records [R5]; NaN and the infinities are strings.
 */
export function createStandardRoute(deps: AskDeps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/standard',
    async handle(request) {
      const { query: expr, ...times } = readParameters(request.query, { query: text, ...TIME_PARAMETERS });
      const result = await evaluate(deps, times, expr, callFor(request.caller, request.signal));
      const series = standardSeries(result.series, expr);
      refuseTooMany(series, deps.limits);
      const records = toStandardRecords(series, expr).map(toJsonRecord);
      return {
        status: 200,
        body: { records, warnings: result.warnings, infos: [...result.infos, ...noteText(result)] },
      };
    },
  };
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
