import { DataSourcePlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { loadResources } from '@grafana/prometheus';
import { DATASOURCE_PLUGIN_ID } from '../contract/pluginIds';
import { AnnotatedDatasource } from './query/annotatedDatasource';
import { LazyCheatSheet, LazyConfigEditor, LazyQueryEditor } from './query/lazyEditors';
import { type PromkeepDatasource } from './promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery, type PromkeepSecureOptions } from './query/promkeepPromQuery';

// Grafana loads our own texts by plugin.json, and the library brings its own. Not awaited: a module that waits at its top has no exports in time for
// Grafana's AMD loader.
void initPluginTranslations(DATASOURCE_PLUGIN_ID, [loadResources]);

/** Grafana reads this export. The editors for variables and annotations come with the class. */
export const plugin = new DataSourcePlugin<
  PromkeepDatasource,
  PromkeepPromQuery,
  PromkeepOptions,
  PromkeepSecureOptions
>(AnnotatedDatasource)
  .setConfigEditor(LazyConfigEditor)
  .setQueryEditor(LazyQueryEditor)
  .setQueryEditorHelp(LazyCheatSheet);
