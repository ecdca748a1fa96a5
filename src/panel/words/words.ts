import { shownMetricName, type SummaryState } from '../../contract/summary';
import { type Calculation } from '../data/calculations';
import { type Catalog, type Say, sayFrom } from './catalog';
import english from '../locales/en-US/promkeep-summary-panel.json';

/** Every word the tiles speak, in one place; the texts lie in `locales/`. */
export interface Words {
  states: Record<SummaryState | 'no-data', string>;
  above(limit: string): string;
  below(limit: string): string;
  /** As in a legend: `from 80 %`. */
  from(limit: string): string;
  under(limit: string): string;
  noData: string;
  noValues: string;
  lastSeen(time: string): string;
  asOf(time: string): string;
  loading: string;
  queryFailed: string;
  calculations: Record<Calculation, string>;
  perSecond(value: string): string;
  /** A summary metric's name as answers have it → as it is shown. */
  metricName(key: string, name: string): string;
  trends: Record<'rising' | 'falling' | 'steady', string>;
  sparkline(parts: Record<'name' | 'trend' | 'last' | 'lowest' | 'highest', string>): string;
  more(count: number): string;
  healthyHidden(count: number): string;
  allHealthy(count: number): string;
  tiles: string;
  /** The section of the tiles that lack the label. */
  noGroup(label: string): string;
  change: ChangeWords;
  details: Record<'value' | 'time' | 'change' | 'lowest' | 'highest' | 'labels' | 'limits', string>;
  /** Said of an earlier value that Prometheus no longer has. */
  fromArchive(text: string): string;
  showDetails(name: string): string;
  legend: string;
  export: Record<'open' | 'copyJson' | 'copyCsv' | 'downloadJson' | 'downloadCsv' | 'refused', string>;
  copied(count: number): string;
  action: Record<'confirm' | 'run' | 'done', string>;
  sure(title: string): string;
}

export interface ChangeWords {
  /** A change of a percentage is counted in points, not in percent. */
  points(number: string): string;
  /** `yesterday` */
  when(offsetMs: number): string;
  against(when: string): string;
  unchanged: string;
  spoken(direction: 'up' | 'down' | 'same', change: string, when: string, before: string): string;
}

/** The shipped metrics in English, by key. */
const METRICS: ReadonlyMap<string, string> = new Map(Object.entries(english.metrics));
const HOUR_MS = 3_600_000;
const WHEN: Readonly<Record<number, string>> = { [HOUR_MS]: '1h', [24 * HOUR_MS]: '1d', [168 * HOUR_MS]: '7d' };

/** The words in the language that `say` speaks. */
export function wordsFrom(say: Say): Words {
  const group = <K extends string>(name: string, keys: readonly K[]) =>
    Object.fromEntries(keys.map((key) => [key, say(`${name}.${key}`)])) as Record<K, string>;
  return {
    states: group('states', ['ok', 'warning', 'critical', 'no-data']),
    above: (limit) => say('above', { limit }),
    below: (limit) => say('below', { limit }),
    from: (limit) => say('from', { limit }),
    under: (limit) => say('under', { limit }),
    noData: say('noData'),
    noValues: say('noValues'),
    lastSeen: (time) => say('lastSeen', { time }),
    asOf: (time) => say('asOf', { time }),
    loading: say('loading'),
    queryFailed: say('queryFailed'),
    calculations: group('calculations', ['last', 'min', 'max', 'mean', 'median', 'p95', 'sum', 'rate']),
    perSecond: (value) => say('perSecond', { value }),
    metricName: (key, name) => shownMetricName(name, METRICS.get(key), say(`metrics.${key}`)),
    trends: group('trends', ['rising', 'falling', 'steady']),
    sparkline: (parts) => say('sparkline', parts),
    more: (count) => say('more', { count }),
    healthyHidden: (count) => say('healthyHidden', { count }),
    allHealthy: (count) => say('allHealthy', { count }),
    tiles: say('tiles'),
    noGroup: (label) => say('noGroup', { label }),
    change: changeWords(say),
    details: group('details', ['value', 'time', 'change', 'lowest', 'highest', 'labels', 'limits']),
    fromArchive: (text) => say('details.fromArchive', { text }),
    showDetails: (name) => say('details.show', { name }),
    legend: say('legend'),
    export: group('export', ['open', 'copyJson', 'copyCsv', 'downloadJson', 'downloadCsv', 'refused']),
    copied: (count) => say('export.copied', { count }),
    action: group('action', ['confirm', 'run', 'done']),
    sure: (title) => say('action.sure', { title }),
  };
}

function changeWords(say: Say): ChangeWords {
  return {
    points: (number) => say('change.points', { number }),
    when: (offsetMs) =>
      offsetMs in WHEN
        ? say(`change.${WHEN[offsetMs]}`)
        : say('change.hours', { hours: Math.round(offsetMs / HOUR_MS) }),
    against: (when) => say('change.against', { when }),
    unchanged: say('change.unchanged'),
    spoken: (direction, change, when, before) => say(`change.${direction}`, { change, when, before }),
  };
}

/** Words from a catalog of `locales/`, without an i18n host. */
export function catalogWords(catalog: Catalog, locale: string): Words {
  return wordsFrom(sayFrom(catalog, locale));
}

export const ENGLISH: Words = catalogWords(english, 'en-US');
