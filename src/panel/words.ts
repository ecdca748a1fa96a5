import { type SummaryState } from '../contract/summary';

/** Every word the tiles speak, in one place, so that a translation is one object. */
export interface Words {
  states: Record<SummaryState | 'no-data', string>;
  above(limit: string): string;
  below(limit: string): string;
  noData: string;
  noValues: string;
  lastSeen(time: string): string;
  asOf(time: string): string;
  calculations: Record<'last' | 'min' | 'max' | 'mean' | 'median' | 'p95' | 'sum', string>;
  trends: Record<'rising' | 'falling' | 'steady', string>;
  sparkline(name: string, trend: string, last: string, lowest: string, highest: string): string;
  more(count: number): string;
  healthyHidden(count: number): string;
  allHealthy(count: number): string;
  tiles: string;
}

export const ENGLISH: Words = {
  states: { ok: 'OK', warning: 'Warning', critical: 'Critical', 'no-data': 'No data' },
  above: (limit) => `Above ${limit}`,
  below: (limit) => `Below ${limit}`,
  noData: 'No data',
  noValues: 'No values in this time range',
  lastSeen: (time) => `Last seen ${time}`,
  asOf: (time) => `As of ${time}`,
  calculations: { last: 'Last', min: 'Min', max: 'Max', mean: 'Mean', median: 'Median', p95: 'p95', sum: 'Sum' },
  trends: { rising: 'rising', falling: 'falling', steady: 'steady' },
  sparkline: (name, trend, last, lowest, highest) =>
    `${name}: ${trend}, last ${last}, lowest ${lowest}, highest ${highest}`,
  more: (count) => `${count} more not shown`,
  healthyHidden: (count) => `${count} healthy not shown`,
  allHealthy: (count) => (count === 1 ? 'The one value is OK' : `All ${count} values are OK`),
  tiles: 'Summary',
};
