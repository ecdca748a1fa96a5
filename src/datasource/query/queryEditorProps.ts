import { type QueryEditorProps } from '@grafana/data';
import { type PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from './promkeepPromQuery';

export type PromkeepQueryEditorProps = QueryEditorProps<PromkeepDatasource, PromkeepPromQuery, PromkeepOptions>;

export type QueryFieldsProps = Pick<PromkeepQueryEditorProps, 'query' | 'onChange' | 'onRunQuery' | 'datasource'>;

/** Changes a query and asks it at once. */
export function changeAndRun({ query, onChange, onRunQuery }: Omit<QueryFieldsProps, 'datasource'>) {
  return (changed: Partial<PromkeepPromQuery>) => {
    onChange({ ...query, ...changed });
    onRunQuery();
  };
}
