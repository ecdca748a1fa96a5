import { type PathsOf } from '../../contract/catalog';
import { COMPARISON_OFFSETS_MS, COMPARISONS } from '../../contract/query';
import { shownMetricName } from '../../contract/summary';
import { sayFrom, type Values } from './catalog';
import english from '../locales/en-US/promkeep-summary-panel.json';

/** `change.up`; a wrong one does not compile. */
export type WordKey = PathsOf<typeof english>;

/** Says a text of the tiles in the reader's language; the texts lie in `locales/`. */
export type Words = (key: WordKey, values?: Values) => string;

export const ENGLISH: Words = sayFrom(english, 'en-US');

/** A summary metric's name as answers have it → as it is shown. */
export function metricName(words: Words, key: string, name: string): string {
  const isShipped = (one: string): one is keyof typeof english.metrics => Object.hasOwn(english.metrics, one);
  return isShipped(key) ? shownMetricName(name, english.metrics[key], words(`metrics.${key}`)) : name;
}

/** `yesterday` */
export function whenText(words: Words, offsetMs: number): string {
  const known = COMPARISONS.find((one) => COMPARISON_OFFSETS_MS[one] === offsetMs);
  return known ? words(`change.${known}`) : words('change.hours', { hours: Math.round(offsetMs / 3_600_000) });
}
