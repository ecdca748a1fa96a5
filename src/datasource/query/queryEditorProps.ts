import { type QueryEditorProps } from '@grafana/data';
import { type PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from './promkeepPromQuery';

export type PromkeepQueryEditorProps = QueryEditorProps<PromkeepDatasource, PromkeepPromQuery, PromkeepOptions>;
