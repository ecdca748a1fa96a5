import * as v from 'valibot';
import { isRecord } from '../../../src/contract/lenient';
import { PromkeepError } from './errors';
import { atMost, LIMITS, noMoreThan } from './limits';

/**
 * Fields of JSON as Go's decoder reads them: null and absent are the default, a wrong type is an error, and so is a list of more
 * entries than a query has.
 */
export const text = v.optional(v.string(), '');
export const flag = v.optional(v.boolean(), false);
export const number = v.optional(v.number(), 0);
export const integer = v.optional(v.pipe(v.number(), v.safeInteger()), 0);

/** @param what begins the message: `A legend` */
export function upTo(length: number, what: string) {
  return v.pipe(v.string(), v.maxLength(length, what));
}

export function textUpTo(length: number, what: string) {
  return v.optional(upTo(length, what), '');
}

export function list<T extends v.GenericSchema>(entry: T) {
  return v.optional(v.pipe(v.array(v.unknown()), v.maxLength(LIMITS.listEntries), v.array(entry)), []);
}

/** An object whose names are written in any case; of those that differ in nothing else, the last one counts. */
export function object<T extends v.ObjectEntries>(entries: T) {
  const names = new Map(Object.keys(entries).map((name) => [name.toLowerCase(), name]));
  const inOurCase = (json: Record<string, unknown>): Record<string, unknown> => {
    const known: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(json)) {
      const name = value === null ? undefined : names.get(key.toLowerCase());
      if (name !== undefined) {
        known[name] = value;
      }
    }
    return known;
  };
  return v.pipe(v.custom<Record<string, unknown>>(isRecord), v.transform(inOurCase), v.object(entries));
}

/**
 * What a schema of these pieces makes of parsed JSON.
 *
 * @param where begins the message: `the query`
 * @throws PromkeepError `QUERY_INVALID`, with the first field of a wrong type; `LIMIT_EXCEEDED` when one is too long
 */
export function readFields<T extends v.GenericSchema>(schema: T, json: unknown, where: string): v.InferOutput<T> {
  const read = v.safeParse(schema, json, { abortEarly: true });
  if (!read.success) {
    const [issue] = read.issues;
    const what = nameField(issue, where);
    refuseLong(issue, what);
    const fault = `${what} must be ${EXPECTED[issue.type] ?? 'of another form'}, not ${nameOf(issue.input)}`;
    throw new PromkeepError('QUERY_INVALID', `error unmarshaling query: ${fault}`);
  }
  return read.output;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  boolean: 'true or false',
  number: 'a number',
  safe_integer: 'a whole number',
  array: 'a list',
  custom: 'an object',
};

function refuseLong({ type, input, message, requirement }: v.BaseIssue<unknown>, what: string): void {
  if (type !== 'max_length') {
    return;
  }
  if (Array.isArray(input)) {
    noMoreThan(input, Number(requirement), `entries in ${what}`);
  }
  atMost(String(input), Number(requirement), message);
}

/** `"values"[3] of the query.adhocFilters[0]` */
function nameField({ path }: v.BaseIssue<unknown>, where: string): string {
  const keys = path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') ?? '';
  const [, holder, name, place] = /^(.*?)(?:\.([^.[]*)((?:\[\d+\])*))?$/.exec(keys) ?? [];
  const what = name === undefined ? '' : `"${name}"${place} of `;
  return `${what}${where}${holder}`;
}

function nameOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (typeof value === 'number') {
    return `the number ${value}`;
  }
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
