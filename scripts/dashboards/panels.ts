import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';
import { type SummaryComparison } from '../../src/contract/query';
import { type PanelJson, type TargetJson } from './dashboardJson';

/** A panel before it has a number and a place. */
export type Panel = Omit<PanelJson, 'id' | 'gridPos'> & { w: number; h: number };

export interface Query {
  expr: string;
  legend: string;
}

type Steps = Array<{ color: string; value: number | null }>;

interface Look {
  unit?: string;
  min?: number;
  max?: number;
  decimals?: number;
  /** A second group of series that is drawn downwards, such as what is sent against what is received. */
  downwards?: RegExp;
  stacked?: boolean;
  /** From these values on the background says that it is too much. */
  limits?: { warning: number; critical: number };
  w?: number;
  h?: number;
  description?: string;
  /** Of a bar; Grafana hides the name of a single one unless it is set. */
  displayName?: string;
}

export const DATASOURCE = { type: DATASOURCE_PLUGIN_ID, uid: '${datasource}' };

/** Lines over time. */
export function lines(title: string, queries: readonly Query[], look: Look = {}): Panel {
  const { unit = 'short', min = 0, max, decimals, stacked, limits, downwards, w = 12, h = 8, description } = look;
  const custom = {
    drawStyle: 'line',
    lineInterpolation: 'linear',
    lineWidth: stacked ? 1 : 2,
    fillOpacity: stacked ? 40 : 12,
    gradientMode: stacked ? 'none' : 'opacity',
    showPoints: 'never',
    spanNulls: false,
    axisBorderShow: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    thresholdsStyle: { mode: limits ? 'dashed' : 'off' },
  };
  const defaults = {
    unit,
    ...(downwards ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(decimals === undefined ? {} : { decimals }),
    custom,
    color: { mode: 'palette-classic' },
    ...(limits ? { thresholds: { mode: 'absolute', steps: limitSteps(limits) } } : {}),
  };
  const overrides = downwards ? [negative(downwards)] : [];
  return {
    type: 'timeseries',
    title,
    ...(description === undefined ? {} : { description }),
    w,
    h,
    datasource: DATASOURCE,
    targets: queries.map(toTarget),
    fieldConfig: { defaults, overrides },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

export interface Tile extends Query {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  steps?: Steps;
}

export const SHARE: Pick<Tile, 'unit' | 'decimals' | 'min' | 'max' | 'steps'> = {
  unit: 'percent',
  decimals: 1,
  min: 0,
  max: 100,
  steps: limitSteps({ warning: 80, critical: 90 }),
};

/** Our panel on plain PromQL: each query has a unit and limits of its own. */
export function tiles(title: string, wanted: readonly Tile[], look: { h?: number; options?: object } = {}): Panel {
  return {
    type: PANEL_PLUGIN_ID,
    title,
    w: 24,
    h: look.h ?? 6,
    datasource: DATASOURCE,
    targets: wanted.map(toTarget),
    fieldConfig: { defaults: {}, overrides: wanted.map(tileOverride) },
    options: { changeSince: '1h', ...look.options },
  };
}

/** Our panel on the Summary query: definitions, thresholds and units come from the backend. */
export function summary(title: string, description: string, compare: SummaryComparison): Panel {
  const target: TargetJson = {
    refId: 'A',
    datasource: DATASOURCE,
    queryType: 'summary',
    expr: '',
    range: true,
    instant: false,
    summary: { compare },
  };
  return {
    type: PANEL_PLUGIN_ID,
    title,
    description,
    w: 24,
    h: 7,
    datasource: DATASOURCE,
    targets: [target],
    fieldConfig: { defaults: {}, overrides: [] },
    options: { showLegend: true },
  };
}

/** One bar each, the newest value. */
export function bars(title: string, query: Query, look: Look = {}): Panel {
  const { unit = 'percent', min = 0, max, limits = { warning: 80, critical: 90 }, w = 12, h = 8, displayName } = look;
  return {
    type: 'bargauge',
    title,
    w,
    h,
    datasource: DATASOURCE,
    targets: [{ ...toTarget(query, 0), range: false, instant: true }],
    fieldConfig: {
      defaults: {
        unit,
        min,
        ...(max === undefined ? {} : { max }),
        ...(displayName === undefined ? {} : { displayName }),
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps: limitSteps(limits) },
      },
      overrides: [],
    },
    options: {
      displayMode: 'basic',
      orientation: 'horizontal',
      showUnfilled: true,
      valueMode: 'color',
      namePlacement: 'top',
      sizing: 'manual',
      minVizHeight: 16,
      maxVizHeight: 40,
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** Which targets were up, and when. */
export function upTimeline(title: string, query: Query, h = 6): Panel {
  const mappings = [
    {
      type: 'value',
      options: { '0': { text: 'Down', color: 'red', index: 1 }, '1': { text: 'Up', color: 'green', index: 0 } },
    },
  ];
  return {
    type: 'state-timeline',
    title,
    w: 24,
    h,
    datasource: DATASOURCE,
    targets: [toTarget(query, 0)],
    fieldConfig: {
      defaults: { mappings, custom: { fillOpacity: 70, lineWidth: 0 }, color: { mode: 'thresholds' } },
      overrides: [],
    },
    options: { showValue: 'never', mergeValues: true, rowHeight: 0.7, legend: { showLegend: false } },
  };
}

/** Buckets of a histogram over time; the datasource turns them into a heatmap. */
export function heatmap(title: string, expr: string, look: { unit: string; w?: number; h?: number }): Panel {
  return {
    type: 'heatmap',
    title,
    w: look.w ?? 12,
    h: look.h ?? 8,
    datasource: DATASOURCE,
    targets: [{ ...toTarget({ expr, legend: '{{le}}' }, 0), format: 'heatmap' }],
    fieldConfig: { defaults: { custom: {} }, overrides: [] },
    options: {
      calculate: false,
      color: { mode: 'scheme', scheme: 'Blues', exponent: 0.5, steps: 64, reverse: false },
      yAxis: { unit: look.unit, axisPlacement: 'left' },
      cellGap: 1,
      legend: { show: true },
      tooltip: { mode: 'single', yHistogram: false },
      rowsFrame: { layout: 'auto' },
      filterValues: { le: 1e-9 },
    },
  };
}

function toTarget({ expr, legend }: Query, i: number): TargetJson {
  const refId = String.fromCharCode(65 + i);
  return { refId, datasource: DATASOURCE, expr, legendFormat: legend, range: true, instant: false, editorMode: 'code' };
}

function tileOverride({ unit = 'short', decimals, min, max, steps }: Tile, i: number): unknown {
  const properties = [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(min === undefined ? [] : [{ id: 'min', value: min }]),
    ...(max === undefined ? [] : [{ id: 'max', value: max }]),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: { mode: 'absolute', steps } }]),
  ];
  return { matcher: { id: 'byFrameRefID', options: String.fromCharCode(65 + i) }, properties };
}

function negative(names: RegExp): unknown {
  return {
    matcher: { id: 'byRegexp', options: `/${names.source}/` },
    properties: [{ id: 'custom.transform', value: 'negative-Y' }],
  };
}

export function limitSteps({ warning, critical }: { warning: number; critical: number }): Steps {
  return [
    { color: 'green', value: null },
    { color: 'orange', value: warning },
    { color: 'red', value: critical },
  ];
}
