import { PanelPlugin } from '@grafana/data';
import { buildOptions, FIELD_CONFIG, type SummaryPanelOptions } from './options';
import { SummaryPanel } from './SummaryPanel';
import { suggest } from './suggestions';

export const plugin = new PanelPlugin<SummaryPanelOptions>(SummaryPanel)
  .setPanelOptions(buildOptions)
  .useFieldConfig(FIELD_CONFIG)
  .setSuggestionsSupplier(suggest);
