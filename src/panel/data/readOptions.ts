import * as v from 'valibot';
import { fitting } from '../../contract/lenient';
import { SORT_ORDERS } from '../tile/arrange';
import { CHANGE_CHOICES } from './change';
import { CALCULATIONS } from './calculations';
import { DEFAULT_OPTIONS, type SummaryPanelOptions } from './options';

const OPTIONS = v.fallback(
  v.object({
    calculations: v.fallback(v.pipe(fitting(v.picklist(CALCULATIONS)), v.nonEmpty()), DEFAULT_OPTIONS.calculations),
    sort: v.fallback(v.picklist(SORT_ORDERS), DEFAULT_OPTIONS.sort),
    changeSince: v.fallback(v.picklist(CHANGE_CHOICES), DEFAULT_OPTIONS.changeSince),
    groupBy: v.fallback(v.pipe(v.string(), v.trim()), DEFAULT_OPTIONS.groupBy),
    showLegend: v.fallback(v.boolean(), DEFAULT_OPTIONS.showLegend),
    showExport: v.fallback(v.boolean(), DEFAULT_OPTIONS.showExport),
    hideHealthy: v.fallback(v.boolean(), DEFAULT_OPTIONS.hideHealthy),
    showSparkline: v.fallback(v.boolean(), DEFAULT_OPTIONS.showSparkline),
    minTileWidthPx: within(80, 2000, DEFAULT_OPTIONS.minTileWidthPx),
    maxTiles: v.pipe(within(1, 1000, DEFAULT_OPTIONS.maxTiles), v.transform(Math.floor)),
  }),
  DEFAULT_OPTIONS
);

/** Options as dashboards hold them (saved by hand, by another version, by a generator) → options that can be relied on. */
export function readOptions(saved: unknown): SummaryPanelOptions {
  return v.parse(OPTIONS, saved);
}

function within(least: number, most: number, otherwise: number) {
  return v.fallback(v.pipe(v.number(), v.finite(), v.toMinValue(least), v.toMaxValue(most)), otherwise);
}
