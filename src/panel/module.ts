import { PanelPlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { PANEL_PLUGIN_ID } from '../contract/pluginIds';
import { buildOptions, FIELD_CONFIG, type SummaryPanelOptions } from './data/options';
import { SummaryPanel } from './SummaryPanel';
import { readOptions } from './data/readOptions';
import { suggest } from './data/suggestions';

// Not awaited: a module that waits at its top has no exports in time for Grafana's AMD loader.
void initPluginTranslations(PANEL_PLUGIN_ID);

export const plugin = new PanelPlugin<SummaryPanelOptions>(SummaryPanel)
  .setPanelOptions(buildOptions)
  .useFieldConfig(FIELD_CONFIG)
  .setMigrationHandler(({ options }) => readOptions(options))
  .setSuggestionsSupplier(suggest);
