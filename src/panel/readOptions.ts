import { type SortOrder } from './arrange';
import { CHANGE_CHOICES } from './change';
import { CALCULATIONS, type Calculation } from './calculations';
import { DEFAULT_OPTIONS, type SummaryPanelOptions } from './options';

const SORT_ORDERS: readonly SortOrder[] = ['given', 'severity', 'value', 'name'];

/** Options as dashboards hold them (saved by hand, by another version, by a generator) → options that can be relied on. */
export function readOptions(saved: unknown): SummaryPanelOptions {
  const options: Record<string, unknown> = typeof saved === 'object' && saved !== null ? { ...saved } : {};
  const calculations = Array.isArray(options.calculations) ? options.calculations.filter(isCalculation) : [];
  return {
    calculations: calculations.length > 0 ? calculations : DEFAULT_OPTIONS.calculations,
    sort: SORT_ORDERS.find((order) => order === options.sort) ?? DEFAULT_OPTIONS.sort,
    changeSince: CHANGE_CHOICES.find((change) => change === options.changeSince) ?? DEFAULT_OPTIONS.changeSince,
    groupBy: typeof options.groupBy === 'string' ? options.groupBy.trim() : DEFAULT_OPTIONS.groupBy,
    showLegend: options.showLegend === true,
    showExport: options.showExport === true,
    hideHealthy: options.hideHealthy === true,
    showSparkline: options.showSparkline !== false,
    minTileWidthPx: numberWithin(options.minTileWidthPx, 80, 2000, DEFAULT_OPTIONS.minTileWidthPx),
    maxTiles: Math.floor(numberWithin(options.maxTiles, 1, 1000, DEFAULT_OPTIONS.maxTiles)),
  };
}

function isCalculation(name: unknown): name is Calculation {
  return CALCULATIONS.some((calculation) => calculation === name);
}

function numberWithin(value: unknown, least: number, most: number, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : otherwise;
}
