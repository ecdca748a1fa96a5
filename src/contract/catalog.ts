/** Texts by path; a nested object is a group of texts. Plurals end in `_one` and `_other`, as i18next writes them. */
export interface Catalog {
  readonly [key: string]: string | Catalog;
}

/** The paths of a catalog's texts (`change.up`), plurals without their ending. */
export type PathsOf<T> = {
  [K in keyof T & string]: T[K] extends string ? Singular<K> : `${K}.${PathsOf<T[K]>}`;
}[keyof T & string];

type Singular<K extends string> = K extends `${infer Key}_one` | `${infer Key}_other` ? Key : K;

/** The text at a path, or `undefined`. */
export function textAt(catalog: Catalog, key: string): string | undefined {
  let found: string | Catalog | undefined = catalog;
  for (const part of key.split('.')) {
    found = typeof found === 'object' ? found[part] : undefined;
  }
  return typeof found === 'string' ? found : undefined;
}
