import { RESOURCE_PREFIX } from '../../../src/contract/resourcePaths';
import { type ApiRoute } from '../ports/apiRoute';
import { callFor } from './callers';
import { type Caller } from '../ports/datasource';
import { asPromkeepError } from '../model/errors';
import { parametersOf } from '../model/formParameters';
import { resourceHeaders } from './forwardHeaders';
import { type Logger } from '../ports/logger';
import { type MetricSource, type ResourceRequest, type ResourceResponse } from '../ports/metricSource';
import { answerSuggestions, isSuggestionsPath, type SuggestionSelectors } from './suggestions';

export interface ResourceDeps {
  source: MetricSource;
  apiRoutes: readonly ApiRoute[];
  logger: Logger;
  suggestionSelectors: SuggestionSelectors;
}

/**
 * Answers a resource call: paths below `promkeep/` are Promkeep's own API, `suggestions` is made from a path of Prometheus,
 * all others are Prometheus' (the source decides which of them are open). Never throws: a failing RPC would reach the browser as a bare 500.
 */
export async function answerResource(
  deps: ResourceDeps,
  request: ResourceRequest,
  caller: Caller,
  signal: AbortSignal
): Promise<ResourceResponse> {
  const own = request.path.startsWith(RESOURCE_PREFIX);
  try {
    if (own) {
      return await callRoute(deps.apiRoutes, request, caller, signal);
    }
    const passed = { ...request, headers: resourceHeaders(request.headers) };
    const options = callFor(caller, signal);
    if (isSuggestionsPath(request.path)) {
      return await answerSuggestions({ source: deps.source, selectors: deps.suggestionSelectors }, passed, options);
    }
    return await deps.source.resource(passed, options);
  } catch (error) {
    const ours = asPromkeepError(error);
    if (ours.code === 'INTERNAL') {
      deps.logger.error('a resource call failed', { path: request.path, error: ours.message });
    }
    const { status, message, code } = ours;
    // Elsewhere in the shape of Prometheus' own errors, which is what the reader of such a path expects.
    const body = { status: 'error', errorType: code.toLowerCase(), error: message };
    return json(status, own ? { error: message, code } : body);
  }
}

async function callRoute(
  routes: readonly ApiRoute[],
  request: ResourceRequest,
  caller: Caller,
  signal: AbortSignal
): Promise<ResourceResponse> {
  const path = request.path.slice(RESOURCE_PREFIX.length - 1);
  const method = request.method.toUpperCase();
  const atPath = routes.filter((one) => one.path === path);
  const route = atPath.find((one) => one.method === method);
  if (!route) {
    const allow = atPath.map((one) => one.method).join(', ');
    return allow === ''
      ? json(404, { error: `There is nothing at ${path}.` })
      : json(405, { error: `${path} takes ${allow} only.` }, { allow });
  }
  const query = parametersOf(request.query);
  const { status, body } = await route.handle({ query, body: request.body, caller, signal });
  return json(status, body);
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): ResourceResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}
