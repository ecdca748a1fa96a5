import * as v from 'valibot';
import { fitting, isRecord } from '../../contract/lenient';

/**
 * What the library drops from Prometheus' answers about metrics and labels, and one of its requests that is wrong
 * (`query_exemplars` with milliseconds, which Prometheus reads as seconds of the year 55,000).
 */

type Parameters = Readonly<Record<string, unknown>>;

/** Later than this is no time in seconds: it is the year 5138. */
const LATEST_SECONDS = 1e11;

/** The parameters with `start` and `end` of the exemplar probe in seconds. */
export function probeInSeconds(url: string, parameters: Parameters): Parameters {
  if (!url.includes('/api/v1/query_exemplars')) {
    return parameters;
  }
  const times = ['start', 'end']
    .map((name): [string, number] => [name, Number(parameters[name])])
    .filter(([, time]) => time > LATEST_SECONDS)
    .map(([name, timeMs]) => [name, String(timeMs / 1000)]);
  return { ...parameters, ...Object.fromEntries(times) };
}

const ANSWER = v.fallback(v.object({ warnings: fitting(v.string()), data: v.optional(v.unknown()) }), {
  warnings: [],
  data: undefined,
});

export interface ResourceRemarks {
  /** Prometheus' own words. */
  warnings: string[];
  /** The answer holds as many entries as the *Series limit* of the settings allows, so there may be more. */
  reachesLimit: boolean;
}

/**
 * @param body the answer as it came
 * @param seriesLimit of the settings. What is cut off by another limit was meant to be short by who asked.
 */
export function remarksOn(body: unknown, parameters: Parameters, seriesLimit: number): ResourceRemarks {
  const limit = parameters.limit === undefined ? 0 : Number(parameters.limit);
  const { warnings: texts, data } = v.parse(ANSWER, body);
  const isLimited = limit > 0 && limit === seriesLimit;
  return {
    warnings: texts.filter((text) => !/truncated due to limit/i.test(text)),
    reachesLimit: isLimited && (texts.some((text) => /truncated due to limit/i.test(text)) || lengthOf(data) >= limit),
  };
}

function lengthOf(data: unknown): number {
  return Array.isArray(data) ? data.length : isRecord(data) ? Object.keys(data).length : 0;
}
