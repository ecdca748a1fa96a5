import { t } from '@grafana/i18n';
import { shownMetricName } from '../contract/summary';
import english from './locales/en-US/promkeep-prometheus-datasource.json';

type Catalog = { readonly [key: string]: string | Catalog };
type PathsOf<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${PathsOf<T[K]>}`;
}[keyof T & string];

/** `archive.host`; a wrong one does not compile. */
export type TextKey = PathsOf<typeof english.promkeep>;

/**
 * A text in the language of Grafana's user, with its `{{places}}` filled. Not at the top of a module: the language is known
 * when something is drawn. The catalog shares its namespace, the plugin's id, with the texts of `@grafana/prometheus`;
 * therefore everything of ours lies below `promkeep`.
 */
export function say(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  // React escapes by itself; i18next must not do it as well.
  return t(`promkeep.${key}`, englishText(key), { ...values, interpolation: { escapeValue: false } });
}

/** The name of a summary metric: that of a shipped one in the reader's language. */
export function sayMetric(key: string, name: string): string {
  const isShipped = (one: string): one is keyof typeof english.promkeep.metrics =>
    Object.hasOwn(english.promkeep.metrics, one);
  return isShipped(key) ? shownMetricName(name, english.promkeep.metrics[key], say(`metrics.${key}`)) : name;
}

function englishText(key: string): string {
  let found: string | Catalog | undefined = english.promkeep;
  for (const part of key.split('.')) {
    found = typeof found === 'object' ? found[part] : undefined;
  }
  return typeof found === 'string' ? found : key;
}
