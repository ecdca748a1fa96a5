import { PromkeepError } from '../../core/model/errors';
import { atMost, LIMITS, noMoreThan } from '../../core/model/limits';
import { type TimeRange } from '../../core/model/timeRange';
import { type ResourceRequest } from '../../core/ports/metricSource';
import { type Selector } from '../../core/ports/rawSeries';
import { time } from '../../routes/parameters';
import { clampRange } from './readPlan';
import * as v from 'valibot';

/** What a question about labels and series asks for. */
export interface SeriesQuestion {
  selectors: Selector[];
  range: TimeRange;
  /** Absent: no limit. */
  limit?: number;
}

/** The parameters of a request's query and of the form in its body. */
export function parametersOf({ query, body }: Pick<ResourceRequest, 'query' | 'body'>): URLSearchParams {
  const parameters = new URLSearchParams(query);
  new URLSearchParams(Buffer.from(body).toString('utf8')).forEach((value, name) => parameters.append(name, value));
  return parameters;
}

/** @param readSelector throws `QUERY_INVALID` for what is no selector */
export function readSeriesQuestion(
  parameters: URLSearchParams,
  readSelector: (text: string) => Selector,
  nowMs: number
): SeriesQuestion {
  const texts = noMoreThan(parameters.getAll('match[]'), LIMITS.listEntries, 'selectors (match[])');
  return {
    selectors: texts.map((text) => named('match[]', () => readSelector(text))),
    // without bounds Prometheus looks at all times it knows
    range: clampRange({
      fromMs: timeOf(parameters, 'start') ?? -Infinity,
      toMs: timeOf(parameters, 'end') ?? nowMs,
    }),
    limit: readLimit(parameters),
  };
}

/** 0 means none, as in Prometheus. */
export function readLimit(parameters: URLSearchParams): number | undefined {
  const text = parameters.get('limit');
  if (text === null || text === '') {
    return undefined;
  }
  if (!/^\d{1,15}$/.test(text)) {
    throw invalid('limit', 'limit must be a whole number that is not negative');
  }
  return Number(text) || undefined;
}

function timeOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') {
    return undefined;
  }
  const read = v.safeParse(EXPONENT_OR_TIME, atMost(text, LIMITS.nameLength, 'A time'));
  if (!read.success) {
    throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 50))} to a valid timestamp`);
  }
  return read.output;
}

/** Go reads seconds with an exponent as well, and programs write them so. */
const EXPONENT_OR_TIME = v.union([
  v.pipe(
    v.string(),
    v.regex(/^-?\d+(\.\d+)?e[+-]?\d{1,3}$/i),
    v.transform((text) => Math.round(Number(text) * 1000))
  ),
  time,
]);

function named<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof PromkeepError && error.code === 'QUERY_INVALID' ? invalid(name, error.message) : error;
  }
}

function invalid(name: string, reason: string): PromkeepError {
  return new PromkeepError('QUERY_INVALID', `invalid parameter "${name}": ${reason}`);
}

const HEX_NAME = /_([0-9a-f]{1,6})_|__/g;

/**
 * The label that a path means: names that are no identifiers stand in paths as `U__`, with `_2e_` for a dot and `__` for an
 * underscore. What is not written so is the name itself, as in Prometheus.
 */
export function unescapeName(name: string): string {
  const escaped = name.slice('U__'.length);
  if (!name.startsWith('U__') || escaped.replace(HEX_NAME, '').includes('_')) {
    return name;
  }
  const points = [...escaped.matchAll(HEX_NAME)].map(([, hex]) => (hex === undefined ? 0 : parseInt(hex, 16)));
  if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))) {
    return name;
  }
  return escaped.replace(HEX_NAME, (_, hex?: string) => (hex ? String.fromCodePoint(parseInt(hex, 16)) : '_'));
}
