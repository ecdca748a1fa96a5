import { type DataSourceJsonData } from '@grafana/data';
import { type PromOptions, type PromQuery } from '@grafana/prometheus';
import { type PromkeepQuery } from '../../contract/query';
import { type ArchiveJsonData, type ArchiveSecureJsonData, type QuerySettings } from '../../contract/settings';

/** The query as the browser edits it: that of Grafana's Prometheus editors and Promkeep's own fields. */
export type PromkeepPromQuery = PromQuery &
  Pick<PromkeepQuery, 'resultFormat' | 'keep' | 'live' | 'summary' | 'readFrom' | 'recordedQuery' | 'aggregate'>;

export interface PromkeepOptions extends PromOptions, ArchiveJsonData, QuerySettings, DataSourceJsonData {}

export type PromkeepSecureOptions = ArchiveSecureJsonData;
