import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { type PromkeepOptions, type PromkeepSecureOptions } from '../query/promkeepPromQuery';

export type ConfigProps = DataSourcePluginOptionsEditorProps<PromkeepOptions, PromkeepSecureOptions>;
