import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';
import { type SummaryComparison } from '../../src/contract/query';
import { type SummaryState } from '../../src/contract/summary';
import { type PanelJson, type TargetJson } from './dashboardJson';

/** A panel before it has a number and a place. */
export type Panel = Omit<PanelJson, 'id' | 'gridPos'> & { w: number; h: number };

export interface Query {
  expr: string;
  legend: string;
}

/** With a state, our panel says its word instead of the limit; other panels do not read it. */
type Steps = Array<{ color: string; value: number | null; state?: SummaryState }>;

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
  /** Colours by the name of the series, where they mean something. */
  colors?: Readonly<Record<string, string>>;
  /** The axis goes at least as far: nothing but zeros would have one to 100. */
  softMax?: number;
  /** The axis does not begin at 0. */
  signed?: boolean;
  /** Names for people by the name of the series. */
  names?: Readonly<Record<string, string>>;
  /** Steps rather than slopes, for counts and states. */
  stepped?: boolean;
  /** Said instead of "No data" where that is the good case. */
  noValue?: string;
  /** Of a bar; Grafana hides the name of a single one unless it is set. */
  displayName?: string;
}

export const DATASOURCE = { type: DATASOURCE_PLUGIN_ID, uid: '${datasource}' };

/** Lines over time. */
export function lines(title: string, queries: readonly Query[], look: Look = {}): Panel {
  const { unit = 'short', min = 0, max, decimals, stacked, limits, downwards, w = 12, h = 8, description } = look;
  const custom = {
    drawStyle: 'line',
    lineInterpolation: look.stepped ? 'stepAfter' : 'linear',
    lineWidth: stacked ? 1 : 2,
    fillOpacity: stacked ? 40 : 12,
    gradientMode: stacked ? 'none' : 'opacity',
    showPoints: 'never',
    spanNulls: false,
    axisBorderShow: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
    ...(look.softMax === undefined ? {} : { axisSoftMax: look.softMax }),
    thresholdsStyle: { mode: limits ? 'dashed' : 'off' },
  };
  const defaults = {
    unit,
    ...(downwards || look.signed ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(decimals === undefined ? {} : { decimals }),
    custom,
    color: { mode: 'palette-classic' },
    ...(limits ? { thresholds: { mode: 'absolute', steps: limitSteps(limits) } } : {}),
    ...(look.noValue === undefined ? {} : { noValue: look.noValue }),
  };
  const colors = Object.entries(look.colors ?? {}).map(([name, color]) => colored(name, color));
  const names = Object.entries(look.names ?? {}).map(([name, text]) => renamed(name, text));
  const overrides = [...(downwards ? [negative(downwards)] : []), ...colors, ...names];
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

function renamed(name: string, text: string): unknown {
  return { matcher: { id: 'byName', options: name }, properties: [{ id: 'displayName', value: text }] };
}

function colored(name: string, color: string): unknown {
  return {
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }],
  };
}

export interface Tile extends Query {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  steps?: Steps;
  /** Texts for numbers that are names. */
  texts?: Readonly<Record<string, string>>;
}

export const SHARE: Pick<Tile, 'unit' | 'decimals' | 'min' | 'max' | 'steps'> = {
  unit: 'percent',
  decimals: 1,
  min: 0,
  max: 100,
  steps: limitSteps({ warning: 80, critical: 90 }),
};

/** Our panel on plain PromQL: each query has a unit and limits of its own. */
export function tiles(
  title: string,
  wanted: readonly Tile[],
  look: { h?: number; noValue?: string; options?: object } = {}
): Panel {
  return {
    type: PANEL_PLUGIN_ID,
    title,
    w: 24,
    h: look.h ?? 6,
    datasource: DATASOURCE,
    targets: wanted.map(toTarget),
    fieldConfig: {
      defaults: look.noValue === undefined ? {} : { noValue: look.noValue },
      overrides: wanted.map(tileOverride),
    },
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
  return stateTimeline(title, query, { on: ['Up', 'green'], off: ['Down', 'red'], h });
}

interface TwoStates {
  /** Text and colour of 1. */
  on: [string, string];
  /** Text and colour of 0. */
  off: [string, string];
  w?: number;
  h?: number;
  description?: string;
}

/** What is 1 or 0, over time. */
export function stateTimeline(title: string, query: Query, { on, off, w = 24, h = 6, description }: TwoStates): Panel {
  const mappings = [
    {
      type: 'value',
      options: {
        '0': { text: off[0], color: off[1], index: 1 },
        '1': { text: on[0], color: on[1], index: 0 },
      },
    },
  ];
  return {
    type: 'state-timeline',
    title,
    ...(description === undefined ? {} : { description }),
    w,
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

interface TableLook {
  /** Labels to show, with the heading of each, in order; the value comes last. */
  columns: Readonly<Record<string, string>>;
  value: { title: string; unit: string };
  /** Texts for the values of a label. */
  texts?: { label: string; of: Readonly<Record<string, string>> };
  limits?: { warning: number; critical: number };
  noValue: string;
  description?: string;
  w?: number;
  h?: number;
}

/** The newest value of each series as a row, the largest first. */
export function table(title: string, expr: string, look: TableLook): Panel {
  const { columns, value, texts, limits, noValue, description, w = 12, h = 8 } = look;
  const names = Object.keys(columns);
  const target = { ...toTarget({ expr, legend: '__auto' }, 0), range: false, instant: true, format: 'table' };
  const valueLook = [
    { id: 'unit', value: value.unit },
    ...(limits
      ? [
          { id: 'thresholds', value: { mode: 'absolute', steps: limitSteps(limits) } },
          { id: 'custom.cellOptions', value: { type: 'color-text' } },
        ]
      : []),
  ];
  return {
    type: 'table',
    title,
    ...(description === undefined ? {} : { description }),
    w,
    h,
    datasource: DATASOURCE,
    targets: [target],
    fieldConfig: {
      defaults: { noValue },
      overrides: [
        { matcher: { id: 'byName', options: value.title }, properties: valueLook },
        ...(texts
          ? [
              {
                matcher: { id: 'byName', options: columns[texts.label] },
                properties: [{ id: 'mappings', value: [valueTexts(texts.of)] }],
              },
            ]
          : []),
      ],
    },
    options: { cellHeight: 'sm', showHeader: true, sortBy: [{ displayName: value.title, desc: true }] },
    transformations: [
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries([...names, 'Value'].map((name, i) => [name, i])),
          renameByName: { ...columns, Value: value.title },
        },
      },
    ],
  };
}

function toTarget({ expr, legend }: Query, i: number): TargetJson {
  const refId = String.fromCharCode(65 + i);
  return { refId, datasource: DATASOURCE, expr, legendFormat: legend, range: true, instant: false, editorMode: 'code' };
}

function tileOverride({ unit = 'short', decimals, min, max, steps, texts }: Tile, i: number): unknown {
  const properties = [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(min === undefined ? [] : [{ id: 'min', value: min }]),
    ...(max === undefined ? [] : [{ id: 'max', value: max }]),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: { mode: 'absolute', steps } }]),
    ...(texts === undefined ? [] : [{ id: 'mappings', value: [valueTexts(texts)] }]),
  ];
  return { matcher: { id: 'byFrameRefID', options: String.fromCharCode(65 + i) }, properties };
}

function negative(names: RegExp): unknown {
  return {
    matcher: { id: 'byRegexp', options: `/${names.source}/` },
    properties: [{ id: 'custom.transform', value: 'negative-Y' }],
  };
}

function valueTexts(texts: Readonly<Record<string, string>>): unknown {
  const options = Object.entries(texts).map(([value, text], index) => [value, { text, index }]);
  return { type: 'value', options: Object.fromEntries(options) };
}

export function limitSteps({ warning, critical }: { warning: number; critical: number }): Steps {
  return [
    { color: 'green', value: null, state: 'ok' },
    { color: 'orange', value: warning, state: 'warning' },
    { color: 'red', value: critical, state: 'critical' },
  ];
}

/** Too little is bad: a hit ratio, the number of archivers at work. */
export function leastSteps(least: number, below: 'warning' | 'critical'): Steps {
  return [
    { color: below === 'warning' ? 'orange' : 'red', value: null, state: below },
    { color: 'green', value: least, state: 'ok' },
  ];
}

/** Every single one is bad. */
export const NONE_IS_GOOD: Steps = [
  { color: 'green', value: null, state: 'ok' },
  { color: 'red', value: 1, state: 'critical' },
];
