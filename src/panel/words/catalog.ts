import english from '../locales/en-US/promkeep-summary-panel.json';

/** Texts by path; a nested object is a group of texts. Plurals end in `_one` and `_other`, as i18next writes them. */
export interface Catalog {
  [key: string]: string | Catalog;
}

export type Values = Record<string, string | number>;

/** Says the text of a key (`change.up`), with its `{{places}}` filled. */
export type Say = (key: string, values?: Values) => string;

const ENGLISH_LOCALE = 'en-US';

/** Texts from a catalog, with English for what it lacks. Needs no i18n host: the stand-alone page speaks through it. */
export function sayFrom(catalog: Catalog, locale: string): Say {
  return (key, values = {}) => {
    const text = find(catalog, key, locale, values) ?? find(english, key, ENGLISH_LOCALE, values) ?? key;
    return fill(text, values);
  };
}

/** A text with its `{{places}}` filled; what has no value stays as it is. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{\{(\w+)\}\}/g, (place, name: string) => String(values[name] ?? place));
}

/** The English text of a key with its places open, for hosts that translate by themselves. */
export function englishText(key: string, values: Values = {}): string {
  return find(english, key, ENGLISH_LOCALE, values) ?? key;
}

function find(catalog: Catalog, key: string, locale: string, { count }: Values): string | undefined {
  const path = key.split('.');
  const last = path.pop() ?? '';
  let group: string | Catalog | undefined = catalog;
  for (const part of path) {
    group = typeof group === 'object' ? group[part] : undefined;
  }
  if (typeof group !== 'object') {
    return undefined;
  }
  const plural = typeof count === 'number' ? group[`${last}_${new Intl.PluralRules(locale).select(count)}`] : undefined;
  const text = plural ?? (typeof count === 'number' ? group[`${last}_other`] : undefined) ?? group[last];
  return typeof text === 'string' ? text : undefined;
}
