import { InlineField, InlineFieldRow, InlineSwitch, RadioButtonGroup } from '@grafana/ui';
import { type ResultFormat } from '../../contract/query';
import { changeAndRun, type QueryFieldsProps } from './queryEditorProps';
import { ReadFromFields } from './ReadFromFields';
import { RecordQueryAction } from '../recorded/RecordQueryAction';
import { say } from '../texts';

const formats = (): Array<{ value: ResultFormat; label: string; description: string }> => [
  { value: 'series', label: say('editor.series'), description: say('editor.seriesHint') },
  { value: 'standard', label: say('editor.standard'), description: say('editor.standardHint') },
];

/** What Promkeep adds to a PromQL query. */
export function PromqlOptions(props: QueryFieldsProps) {
  const { query, datasource } = props;
  const change = changeAndRun(props);
  const { keepAllowed } = datasource;
  return (
    <>
      <InlineFieldRow>
        <InlineField label={say('editor.format')}>
          <RadioButtonGroup
            options={formats()}
            value={query.resultFormat ?? 'series'}
            onChange={(resultFormat) => change({ resultFormat })}
          />
        </InlineField>
        <InlineField label={say('editor.live')} htmlFor={`live-${query.refId}`} tooltip={say('editor.liveHint')}>
          <InlineSwitch
            id={`live-${query.refId}`}
            value={query.live ?? false}
            onChange={(event) => change({ live: event.currentTarget.checked })}
          />
        </InlineField>
        <InlineField
          label={say('editor.keep')}
          htmlFor={`keep-${query.refId}`}
          tooltip={say(keepAllowed ? 'editor.keepHint' : 'editor.keepRefused')}
          disabled={!keepAllowed && !query.keep}
        >
          <InlineSwitch
            id={`keep-${query.refId}`}
            value={query.keep ?? false}
            onChange={(event) => change({ keep: event.currentTarget.checked })}
          />
        </InlineField>
      </InlineFieldRow>
      <InlineFieldRow>
        <ReadFromFields {...props} />
        <RecordQueryAction query={query} datasource={datasource} />
      </InlineFieldRow>
    </>
  );
}
