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

const SWITCHES = ['hideHealthy', 'showSparkline', 'showLegend', 'showExport'] as const;

export function buildOptions(builder: PanelOptionsEditorBuilder<SummaryPanelOptions>): void {
  builder
    .addMultiSelect<unknown, SelectFieldConfigSettings<unknown>>({
      ...option('calculations'),
      settings: { options: CALCULATIONS.map((value) => ({ value, label: say(`calculations.${value}`) })) },
    })
    .addSelect({
      ...option('changeSince', 'compare'),
      settings: { options: CHANGE_CHOICES.map((value) => ({ value, label: say(`options.compare.${value}`) })) },
    })
    .addTextInput(option('groupBy'))
    .addRadio({
      ...option('sort'),
      settings: {
        options: SORT_ORDERS.map((value) => ({
          value,
          label: say(`options.sort.${value === 'name' ? 'nameOrder' : value}`),
        })),
      },
    });
  SWITCHES.forEach((path) => builder.addBooleanSwitch(option(path)));
  builder
    .addSliderInput({ ...option('minTileWidthPx', 'minTileWidth'), settings: { min: 120, max: 480, step: 10 } })
    .addNumberInput({ ...option('maxTiles'), settings: { min: 1, max: 1000, integer: true } });
}

/** Read while Grafana builds the editor, which is after it knows the language. @param texts where its texts lie in the catalog */
function option<K extends keyof SummaryPanelOptions>(path: K, texts: string = path) {
  const description = say(`options.${texts}.description`);
  return {
    path,
    defaultValue: DEFAULT_OPTIONS[path],
    name: say(`options.${texts}.name`),
    ...(description.startsWith('options.') ? {} : { description }),
  };
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
