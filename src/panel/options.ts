import {
  FieldColorModeId,
  FieldConfigProperty,
  ThresholdsMode,
  type PanelOptionsEditorBuilder,
  type SelectFieldConfigSettings,
  type SetFieldConfigOptionsArgs,
} from '@grafana/data';
import { type SortOrder } from './arrange';
import { CALCULATIONS, type Calculation } from './calculations';
import { ENGLISH } from './words';

/** Saved in dashboards: names and meanings stay. */
export interface SummaryPanelOptions {
  /** The first one is the value of the tile, the others stand beside it. */
  calculations: Calculation[];
  sort: SortOrder;
  hideHealthy: boolean;
  showSparkline: boolean;
  minTileWidthPx: number;
  maxTiles: number;
}

export const DEFAULT_OPTIONS: SummaryPanelOptions = {
  calculations: ['last'],
  sort: 'given',
  hideHealthy: false,
  showSparkline: true,
  minTileWidthPx: 180,
  maxTiles: 100,
};

export function buildOptions(builder: PanelOptionsEditorBuilder<SummaryPanelOptions>): void {
  builder
    .addMultiSelect<unknown, SelectFieldConfigSettings<unknown>>({
      path: 'calculations',
      name: 'Calculations',
      description: 'The first is the value of the tile, the others stand beside it. Summary queries are made for Last.',
      defaultValue: DEFAULT_OPTIONS.calculations,
      settings: { options: CALCULATIONS.map((value) => ({ value, label: ENGLISH.calculations[value] })) },
    })
    .addRadio({
      path: 'sort',
      name: 'Order',
      defaultValue: DEFAULT_OPTIONS.sort,
      settings: {
        options: [
          { value: 'given', label: 'Given' },
          { value: 'severity', label: 'Urgency' },
          { value: 'name', label: 'Name' },
        ],
      },
    })
    .addBooleanSwitch({
      path: 'hideHealthy',
      name: 'Hide healthy values',
      description: 'Values in state OK are counted below the tiles instead of shown.',
      defaultValue: DEFAULT_OPTIONS.hideHealthy,
    })
    .addBooleanSwitch({ path: 'showSparkline', name: 'Sparkline', defaultValue: DEFAULT_OPTIONS.showSparkline })
    .addSliderInput({
      path: 'minTileWidthPx',
      name: 'Least tile width',
      description: 'In pixels. Wider panels show more tiles in a row.',
      defaultValue: DEFAULT_OPTIONS.minTileWidthPx,
      settings: { min: 120, max: 480, step: 10 },
    })
    .addNumberInput({
      path: 'maxTiles',
      name: 'Most tiles',
      description: 'The rest is counted below the tiles.',
      defaultValue: DEFAULT_OPTIONS.maxTiles,
      settings: { min: 1, max: 1000, integer: true },
    });
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
