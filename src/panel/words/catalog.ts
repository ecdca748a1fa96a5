import { type Catalog, textAt } from '../../contract/catalog';
import english from '../locales/en-US/promkeep-summary-panel.json';

export type Values = Record<string, string | number>;

/** Says the text of a key (`change.up`), with its `{{places}}` filled. */
export type Say = (key: string, values?: Values) => string;

/** Texts from a catalog, with English for what it lacks. Needs no i18n host: the stand-alone page speaks through it. */
export function sayFrom(catalog: Catalog, locale: string): Say {
  return (key, values) => fill(find(catalog, key, locale, values) ?? englishText(key, values), values);
}

/** A text with its `{{places}}` filled; what has no value stays as it is. */
export function fill(text: string, values?: Values): string {
  return values ? text.replace(/\{\{(\w+)\}\}/g, (place, name: string) => String(values[name] ?? place)) : text;
}

/** The English text of a key with its places open, for hosts that translate by themselves; the key when there is none. */
export function englishText(key: string, values?: Values): string {
  return find(english, key, 'en-US', values) ?? key;
}

function find(catalog: Catalog, key: string, locale: string, values?: Values): string | undefined {
  const count = values?.count;
  const plural =
    typeof count === 'number'
      ? (textAt(catalog, `${key}_${new Intl.PluralRules(locale).select(count)}`) ?? textAt(catalog, `${key}_other`))
      : undefined;
  return plural ?? textAt(catalog, key);
}
