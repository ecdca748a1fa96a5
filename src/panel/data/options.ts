import {
  FieldColorModeId,
  FieldConfigProperty,
  ThresholdsMode,
  type PanelOptionsEditorBuilder,
  type SelectFieldConfigSettings,
  type SetFieldConfigOptionsArgs,
} from '@grafana/data';
import { SORT_ORDERS, type SortOrder } from '../tile/arrange';
import { CALCULATIONS, type Calculation } from './calculations';
import { CHANGE_CHOICES, type ChangeSince } from './change';
import { say } from '../words/grafanaWords';

/** Saved in dashboards: names and meanings stay. */
export interface SummaryPanelOptions {
  /** The first one is the value of the tile, the others stand beside it. */
  calculations: Calculation[];
  changeSince: ChangeSince;
  /** A label; empty: one section. */
  groupBy: string;
  sort: SortOrder;
  hideHealthy: boolean;
  showSparkline: boolean;
  showLegend: boolean;
  showExport: boolean;
  minTileWidthPx: number;
  maxTiles: number;
}

export const DEFAULT_OPTIONS: SummaryPanelOptions = {
  calculations: ['last'],
  changeSince: 'query',
  groupBy: '',
  sort: 'given',
  hideHealthy: false,
  showSparkline: true,
  showLegend: false,
  showExport: false,
  minTileWidthPx: 180,
  maxTiles: 100,
};

export function buildOptions(builder: PanelOptionsEditorBuilder<SummaryPanelOptions>): void {
  addContent(builder);
  addSwitches(builder);
  builder
    .addSliderInput({
      path: 'minTileWidthPx',
      ...textsOf('minTileWidth'),
      defaultValue: DEFAULT_OPTIONS.minTileWidthPx,
      settings: { min: 120, max: 480, step: 10 },
    })
    .addNumberInput({
      path: 'maxTiles',
      ...textsOf('maxTiles'),
      defaultValue: DEFAULT_OPTIONS.maxTiles,
      settings: { min: 1, max: 1000, integer: true },
    });
}

function addContent(builder: PanelOptionsEditorBuilder<SummaryPanelOptions>): void {
  builder
    .addMultiSelect<unknown, SelectFieldConfigSettings<unknown>>({
      path: 'calculations',
      ...textsOf('calculations'),
      defaultValue: DEFAULT_OPTIONS.calculations,
      settings: { options: CALCULATIONS.map((value) => ({ value, label: say(`calculations.${value}`) })) },
    })
    .addSelect({
      path: 'changeSince',
      ...textsOf('compare'),
      defaultValue: DEFAULT_OPTIONS.changeSince,
      settings: { options: CHANGE_CHOICES.map((value) => ({ value, label: say(`options.compare.${value}`) })) },
    })
    .addTextInput({ path: 'groupBy', ...textsOf('groupBy'), defaultValue: DEFAULT_OPTIONS.groupBy })
    .addRadio({
      path: 'sort',
      name: say('options.sort.name'),
      defaultValue: DEFAULT_OPTIONS.sort,
      settings: {
        options: SORT_ORDERS.map((value) => ({
          value,
          label: say(`options.sort.${value === 'name' ? 'nameOrder' : value}`),
        })),
      },
    });
}

const SWITCHES = ['hideHealthy', 'showSparkline', 'showLegend', 'showExport'] as const;

function addSwitches(builder: PanelOptionsEditorBuilder<SummaryPanelOptions>): void {
  for (const path of SWITCHES) {
    builder.addBooleanSwitch({ path, ...textsOf(path), defaultValue: DEFAULT_OPTIONS[path] });
  }
}

/** Read while Grafana builds the editor, which is after it knows the language. */
function textsOf(option: string): { name: string; description?: string } {
  const description = say(`options.${option}.description`);
  return { name: say(`options.${option}.name`), ...(description.startsWith('options.') ? {} : { description }) };
}

/**
 * Without thresholds nobody said what is good or bad: a single neutral step, where Grafana's default would call every byte
 * count above 80 critical.
 */
export const FIELD_CONFIG: SetFieldConfigOptionsArgs = {
  standardOptions: {
    [FieldConfigProperty.Thresholds]: {
      defaultValue: { mode: ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }] },
    },
    [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.Thresholds } },
  },
};
