import { type AnnotationQuery, type QueryEditorProps } from '@grafana/data';
import { AnnotationQueryEditor } from '@grafana/prometheus';
import { InlineFieldRow, Space } from '@grafana/ui';
import { type PromkeepDatasource } from '../promkeepDatasource';
import { type PromkeepOptions, type PromkeepPromQuery } from './promkeepPromQuery';
import { ReadFromFields } from './ReadFromFields';

type Props = QueryEditorProps<PromkeepDatasource, PromkeepPromQuery, PromkeepOptions> & {
  annotation?: AnnotationQuery<PromkeepPromQuery>;
  onAnnotationChange?: (annotation: AnnotationQuery<PromkeepPromQuery>) => void;
};

/** Grafana's own editor for annotations of Prometheus, and below it where their samples come from. */
export function AnnotationEditor(props: Props) {
  return (
    <>
      <AnnotationQueryEditor {...props} />
      <Space v={0.5} />
      <InlineFieldRow>
        <ReadFromFields {...props} />
      </InlineFieldRow>
    </>
  );
}
