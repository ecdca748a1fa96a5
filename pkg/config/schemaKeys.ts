import type * as v from 'valibot';

/** The keys allowed at a path, when the schema has an object of fixed keys there. */
export function keysAt(schema: v.GenericSchema, path: readonly unknown[]): string[] {
  const [key, ...rest] = path;
  const { entries = {}, item } = inside(schema);
  const child = typeof key === 'number' ? item : entries[String(key)];
  return key === undefined ? Object.keys(entries) : child ? keysAt(child, rest) : [];
}

interface Inside {
  entries?: Readonly<Record<string, v.GenericSchema>>;
  item?: v.GenericSchema;
}

/** Of a group or a list, which may be optional, and followed by checks. */
function inside(
  schema: v.GenericSchema & Inside & { wrapped?: v.GenericSchema; pipe?: readonly v.GenericSchema[] }
): Inside {
  const last = schema.pipe?.map(inside).find(({ entries, item }) => entries ?? item);
  return last ?? (schema.wrapped ? inside(schema.wrapped) : schema);
}
