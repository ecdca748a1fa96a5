import { t } from '@grafana/i18n';
import { type PathsOf, textAt } from '../contract/catalog';
import { shownMetricName } from '../contract/summary';
import english from './locales/en-US/promkeep-prometheus-datasource.json';

/** `archive.host`; a wrong one does not compile. */
export type TextKey = PathsOf<typeof english.promkeep>;

type Values = Readonly<Record<string, string | number>>;

/**
 * A text in the language of Grafana's user, with its `{{places}}` filled. Not at the top of a module: the language is known
 * when something is drawn. The catalog shares its namespace, the plugin's id, with the texts of `@grafana/prometheus`;
 * therefore everything of ours lies below `promkeep`.
 */
export function say(key: TextKey, values: Values = {}): string {
  return sayAny(key, values);
}

/** A text whose key comes from elsewhere; `undefined` for one that the catalog lacks. */
export function sayIfKnown(key: string): string | undefined {
  return textAt(english.promkeep, key) === undefined ? undefined : sayAny(key, {});
}

function sayAny(key: string, values: Values): string {
  // React escapes by itself; i18next must not do it as well.
  return t(`promkeep.${key}`, textAt(english.promkeep, key) ?? key, {
    ...values,
    interpolation: { escapeValue: false },
  });
}

/** The name of a summary metric: that of a shipped one in the reader's language. */
export function sayMetric(key: string, name: string): string {
  const path = `metrics.${key}`;
  return shownMetricName(name, textAt(english.promkeep, path), sayIfKnown(path) ?? name);
}
