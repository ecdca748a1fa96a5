import { z } from 'zod';

/** What a schema says about its keys, for messages and for the test of the documentation. */

/** The keys allowed at a path, when the schema has an object of fixed keys there. */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] | undefined {
  const found = path.reduce<z.core.$ZodType | undefined>(
    (current, key) => (current ? child(unwrap(current), key) : undefined),
    schema
  );
  const object = found && unwrap(found);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : undefined;
}

/** Every key as a path, `recorded_queries[].name` for keys of list entries. */
export function listKeys(schema: z.core.$ZodType, prefix = ''): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject) {
    return listKeys(inner.element, `${prefix}[]`);
  }
  if (!(inner instanceof z.ZodObject)) {
    return prefix === '' ? [] : [prefix];
  }
  const before = prefix === '' ? '' : `${prefix}.`;
  return Object.entries<z.core.$ZodType>(inner.shape).flatMap(([key, value]) => listKeys(value, `${before}${key}`));
}

function child(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) {
    return schema.element;
  }
  return schema instanceof z.ZodObject ? schema.shape[String(key)] : undefined;
}

/** The schema below optional and default. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}
