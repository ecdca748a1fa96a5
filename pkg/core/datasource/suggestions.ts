import * as v from 'valibot';
import { PromkeepError } from '../model/errors';
import { expandMacros } from '../query/macros';
import { list, object, readFields, textUpTo } from '../model/jsonFields';
import { atMost, LIMITS } from '../model/limits';
import { parseJson } from '../model/parseJson';
import {
  type CallOptions,
  type MetricSource,
  type ResourceRequest,
  type ResourceResponse,
} from '../ports/metricSource';
import { bounded, filterList, type QueryFilters } from '../query/queryModel';

/** The selectors (`match[]`) of queries under filters; needs a PromQL parser. Throws `QUERY_INVALID`. */
export type SuggestionSelectors = (
  queries: readonly string[],
  filters: Pick<QueryFilters, 'scopes' | 'adhoc'>
) => string[];

const textOrNumber = v.optional(v.union([v.string(), v.pipe(v.number(), v.transform(String))]), '');

const REQUEST = object({
  scopes: filterList,
  adhocFilters: filterList,
  queries: list(v.string()),
  start: textOrNumber,
  end: textOrNumber,
  limit: textOrNumber,
  labelName: textUpTo(LIMITS.nameLength, 'The name of a label'),
});

/** A dashboard's queries and filters; parsing them takes time that other users wait for. */
const MOST_BODY_BYTES = 1024 * 1024;

/** The one path of Grafana's Prometheus datasource that is no path of Prometheus; Grafana takes it in any case of letters. */
export function isSuggestionsPath(path: string): boolean {
  return /^\/*suggestions\/*$/i.test(path);
}

/**
 * Label names, or the values of one label, of the series that a dashboard's queries and filters select [Q4.1]: a JSON
 * body in, the answer of Prometheus' `labels` or `label/…/values` out. Throws `QUERY_INVALID` for a body or filter that
 * cannot be used, `LIMIT_EXCEEDED` for one that is too long.
 */
export async function answerSuggestions(
  { source, selectors }: { source: MetricSource; selectors: SuggestionSelectors },
  request: ResourceRequest,
  options: CallOptions
): Promise<ResourceResponse> {
  if (request.method.toUpperCase() !== 'POST') {
    throw new PromkeepError('QUERY_INVALID', 'Suggestions are asked for by POST.', { status: 405 });
  }
  if (request.body.length > MOST_BODY_BYTES) {
    throw new PromkeepError('LIMIT_EXCEEDED', `The request for suggestions has more than ${MOST_BODY_BYTES} bytes.`);
  }
  const json = parseJson(new TextDecoder().decode(request.body));
  if (json === undefined) {
    throw new PromkeepError('QUERY_INVALID', 'The request for suggestions is not JSON.');
  }
  const { queries, labelName, ...body } = readFields(REQUEST, json, 'the request');
  const filters = bounded({ scopes: body.scopes, adhoc: body.adhocFilters });
  atMost(queries.join(''), LIMITS.parsedExpressionLength, 'What suggestions are asked for');
  const parameters = new URLSearchParams();
  for (const selector of selectors(queries.map(expandAnyhow), filters)) {
    parameters.append('match[]', selector);
  }
  for (const key of ['start', 'end'] as const) {
    if (body[key] !== '') {
      parameters.set(key, body[key]);
    }
  }
  const limit = Number(body.limit);
  if (limit > 0) {
    parameters.set('limit', String(Math.trunc(limit)));
  }
  return source.resource(
    {
      // `label/…/values` takes no POST
      method: 'GET',
      path: labelName === '' ? 'api/v1/labels' : `api/v1/label/${escapeLabelName(labelName)}/values`,
      query: parameters.toString(),
      headers: withoutBody(request.headers),
      body: new Uint8Array(),
    },
    options
  );
}

const MINUTE_MS = 60_000;

/** Which series a query selects does not depend on its intervals, only whether it can be read. */
function expandAnyhow(expr: string): string {
  const range = { fromMs: 0, toMs: MINUTE_MS };
  return expandMacros(expr, { stepMs: MINUTE_MS, range, interval: '', scrapeInterval: '1m', requestIntervalMs: 0 });
}

function withoutBody(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type'));
}

/**
 * A label's name as a path of Prometheus' API takes it: names beyond letters, digits and `_` in the escaped form `U__…`, in
 * which the character's code stands between underscores and an underscore is doubled. A slash could not stand in a path.
 */
export function escapeLabelName(name: string): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    return name;
  }
  let escaped = 'U__';
  for (const char of name) {
    const isPlain = /[a-zA-Z0-9]/.test(char) && !(escaped === 'U__' && /\d/.test(char));
    escaped += char === '_' ? '__' : isPlain ? char : `_${(char.codePointAt(0) ?? 0).toString(16)}_`;
  }
  return escaped;
}
