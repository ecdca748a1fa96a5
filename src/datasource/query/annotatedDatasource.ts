import { type DataSourceInstanceSettings } from '@grafana/data';
import { LazyAnnotationEditor } from './lazyEditors';
import { PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions } from './promkeepPromQuery';

/** The datasource as Grafana makes it, with our editor for annotations: that one knows the datasource, which cannot know it. */
export class AnnotatedDatasource extends PromkeepDatasource {
  constructor(instanceSettings: DataSourceInstanceSettings<PromkeepOptions>) {
    super(instanceSettings);
    this.annotations = { ...this.annotations, QueryEditor: LazyAnnotationEditor };
  }
}
