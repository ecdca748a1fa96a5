/** The ids under which Grafana knows the two plugins. They are folder names in `dist/` as well. */
export const DATASOURCE_PLUGIN_ID = 'promkeep-prometheus-datasource';
export const PANEL_PLUGIN_ID = 'promkeep-summary-panel';
