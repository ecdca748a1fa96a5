import * as v from 'valibot';
import { isRecord } from '../../src/contract/lenient';
import { PromkeepError } from './errors';

/** Fields of JSON as Go's decoder reads them: null and absent are the default, a wrong type is an error. */
export const text = v.optional(v.string(), '');
export const flag = v.optional(v.boolean(), false);
export const number = v.optional(v.number(), 0);
export const integer = v.optional(v.pipe(v.number(), v.safeInteger()), 0);

export function list<T extends v.GenericSchema>(entry: T) {
  return v.optional(v.array(entry), []);
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
 * @throws PromkeepError `QUERY_INVALID`, with the first field of a wrong type
 */
export function readFields<T extends v.GenericSchema>(schema: T, json: unknown, where: string): v.InferOutput<T> {
  const read = v.safeParse(schema, json, { abortEarly: true });
  if (!read.success) {
    throw new PromkeepError('QUERY_INVALID', `error unmarshaling query: ${describe(read.issues[0], where)}`);
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

function describe({ type, input, path }: v.BaseIssue<unknown>, where: string): string {
  const keys = path?.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('') ?? '';
  const [, holder, name, place] = /^(.*?)(?:\.([^.[]*)((?:\[\d+\])*))?$/.exec(keys) ?? [];
  const what = name === undefined ? '' : `"${name}"${place} of `;
  return `${what}${where}${holder} must be ${EXPECTED[type] ?? 'of another form'}, not ${nameOf(input)}`;
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
