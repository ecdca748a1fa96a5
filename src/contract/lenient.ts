import * as v from 'valibot';

/**
 * Pieces of the schemas that read what others wrote (docs/adr/0023-one-reader.md), for readers that go on with what they
 * understand: what does not fit counts as absent.
 */
export const text = v.fallback(v.string(), '');
export const maybeText = v.fallback(v.optional(v.string()), undefined);
/** A text that is not empty. */
export const words = v.fallback(v.optional(v.pipe(v.string(), v.nonEmpty())), undefined);
export const maybeNumber = v.fallback(v.optional(v.number()), undefined);
export const flag = v.fallback(v.boolean(), false);

/** The entries of a list that fit, without the others; none of what is no list. */
export function fitting<T extends v.GenericSchema>(entry: T) {
  const keep = (list: unknown[]): Array<v.InferOutput<T>> =>
    list.flatMap((one) => {
      const read = v.safeParse(entry, one);
      return read.success ? [read.output] : [];
    });
  return v.fallback(v.pipe(v.array(v.unknown()), v.transform(keep)), []);
}

/** The texts of an object by their names, without what else it holds: labels. */
export const texts = v.fallback(
  v.pipe(
    v.custom<Record<string, unknown>>(isRecord),
    v.transform((all) =>
      Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    ),
    v.transform((entries): Record<string, string> => Object.fromEntries(entries))
  ),
  {}
);

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of an object's values under these names that says something: the reason in the body of an error. */
export function wordsIn(value: unknown, ...names: string[]): string | undefined {
  return isRecord(value)
    ? names.map((name) => v.parse(words, value[name])).find((one) => one !== undefined)
    : undefined;
}
