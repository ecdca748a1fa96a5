import { type PathsOf } from '../../contract/catalog';
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

const HOUR_MS = 3_600_000;
const WHEN: ReadonlyMap<number, WordKey> = new Map([
  [HOUR_MS, 'change.1h'],
  [24 * HOUR_MS, 'change.1d'],
  [168 * HOUR_MS, 'change.7d'],
]);

/** `yesterday` */
export function whenText(words: Words, offsetMs: number): string {
  const known = WHEN.get(offsetMs);
  return known ? words(known) : words('change.hours', { hours: Math.round(offsetMs / HOUR_MS) });
}
