import * as v from 'valibot';
import { parseDurationMs } from '../../src/contract/duration';
import { isRecord } from '../../src/contract/lenient';
import { PromkeepError } from '../core/model/errors';
import { atMost, LIMITS } from '../core/model/limits';
import { parseJson } from '../core/model/parseJson';

/** What a parameter or field may hold. The messages complete a sentence that begins with its name. */
export const text = v.pipe(
  v.string('must be a text'),
  v.check((value) => value.trim() !== '', 'is missing')
);

const SECONDS = /^-?\d+(\.\d+)?$/;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Unix seconds (with fraction) or RFC 3339, as milliseconds. */
export const time = v.pipe(
  text,
  v.transform((value) => secondsIn(value) ?? (RFC_3339.test(value) ? Date.parse(value.toUpperCase()) : NaN)),
  v.check((ms) => Math.abs(ms) <= 8.64e15, 'must be a time: Unix seconds or RFC 3339, such as 2026-01-02T03:04:05Z')
);

/** A duration such as `15s` or `1h30m`, or seconds, as milliseconds. */
export const duration = v.pipe(
  text,
  v.transform((value) => secondsIn(value) ?? parseDurationMs(value) ?? NaN),
  v.check((ms) => ms >= 1 && ms < Infinity, 'must be a duration above zero: 15s, 1h30m, or seconds')
);

export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number between ${min} and ${max}`;
  return v.pipe(
    text,
    v.transform(Number),
    v.check((value) => Number.isInteger(value) && value >= min && value <= max, message)
  );
}

/** How long a time range a page shows: an hour, unless given. */
export function shownRange(maxRangeMs: number) {
  return { rangeMs: v.optional(wholeNumber(60_000, maxRangeMs), '3600000') };
}

function secondsIn(value: string): number | undefined {
  return SECONDS.test(value) ? Math.round(Number(value) * 1000) : undefined;
}

export type Fields<T extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<T, undefined>>;

/**
 * The query parameters of one request: an unknown or repeated one is an error that names what is allowed, an empty one counts as
 * absent. Throws `QUERY_INVALID`, `LIMIT_EXCEEDED` for one that is too long.
 */
export function readParameters<T extends v.ObjectEntries>(
  query: Iterable<[name: string, value: string | undefined]>,
  allowed: T
): Fields<T> {
  const pairs = [...query];
  const given = new Map(pairs.filter(([name, value]) => (value ?? '') !== '' || !Object.hasOwn(allowed, name)));
  const seen = new Set<string>();
  for (const [name] of pairs) {
    if (seen.has(name) && Object.hasOwn(allowed, name)) {
      throw invalid(`The parameter "${name}" is there more than once.`);
    }
    seen.add(name);
  }
  return readStrictly(allowed, Object.fromEntries(given), 'parameter');
}

/** An expression of the greatest length that can be recorded, each of its characters escaped, and the rest. */
const MOST_BODY_BYTES = 256 * 1024;

/**
 * The JSON object in a request's body; an unknown field is an error that names what is allowed. Throws `QUERY_INVALID`,
 * `LIMIT_EXCEEDED` for more than 256 KiB.
 */
export function readBody<T extends v.ObjectEntries>(body: Uint8Array | undefined, allowed: T): Fields<T> {
  if (body && body.length > MOST_BODY_BYTES) {
    throw new PromkeepError('LIMIT_EXCEEDED', `The body has more than ${MOST_BODY_BYTES} bytes.`);
  }
  const json = parseJson(new TextDecoder().decode(body));
  if (!isRecord(json)) {
    throw invalid(json === undefined ? 'The body must be JSON.' : 'The body must be a JSON object.');
  }
  return readStrictly(allowed, json, 'field');
}

function readStrictly<T extends v.ObjectEntries>(allowed: T, given: Record<string, unknown>, noun: string): Fields<T> {
  const names = Object.keys(allowed);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const list = names.length > 0 ? `allowed are ${names.join(', ')}` : 'this path takes none';
    throw invalid(`Unknown ${noun} ${JSON.stringify(unknown)}; ${list}.`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string') {
      atMost(value, LIMITS.expressionLength, `The ${noun} "${name}"`);
    }
  }
  const read = v.safeParse(v.object(allowed), given, { abortEarly: true });
  if (!read.success) {
    const [issue] = read.issues;
    const fault = issue.input === undefined ? 'is missing' : issue.message;
    throw invalid(`The ${noun} "${v.getDotPath(issue)}" ${fault}.`);
  }
  return read.output;
}

export function invalid(message: string): PromkeepError {
  return new PromkeepError('QUERY_INVALID', message);
}
