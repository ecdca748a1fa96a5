import { t } from '@grafana/i18n';
import { englishText, type Say } from './catalog';
import { type Words, wordsFrom } from './words';

/** Texts in the language of Grafana's user. React escapes by itself; i18next must not do it as well. */
export const say: Say = (key, values) =>
  t(key, englishText(key, values), { ...values, interpolation: { escapeValue: false } });

/** The words of the tiles in the language of Grafana's user. Only inside Grafana: the page has no i18n host. */
export function grafanaWords(): Words {
  return wordsFrom(say);
}
