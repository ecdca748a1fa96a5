import { Combobox, type ComboboxOption, InlineField, Input, RadioButtonGroup } from '@grafana/ui';
import { type Aggregate, AGGREGATES, type ReadFrom } from '../../contract/query';
import { readFromOf } from './ownQuery';
import { changeAndRun, type QueryFieldsProps } from './queryEditorProps';
import { say } from '../texts';

const places = (): Array<{ value: ReadFrom; label: string; description?: string }> => [
  { value: 'prometheus', label: say('editor.fromPrometheus') },
  { value: 'archive', label: say('editor.fromArchive'), description: say('editor.fromArchiveHint') },
  { value: 'both', label: say('editor.fromBoth'), description: say('editor.fromBothHint') },
];

const aggregates = (): Array<ComboboxOption<Aggregate>> =>
  AGGREGATES.filter((value) => value !== 'none').map((value) => ({ value, label: say(`aggregate.${value}`) }));

/** Where the samples of a PromQL query come from. */
export function ReadFromFields(props: QueryFieldsProps) {
  const readFrom = readFromOf(props.query);
  const { archiveRefusal } = props.datasource;
  const hint = archiveRefusal === undefined ? 'editor.readFromHint' : (`editor.${archiveRefusal}` as const);
  const change = changeAndRun(props);
  return (
    <>
      <InlineField label={say('editor.readFrom')} tooltip={say(hint)}>
        <RadioButtonGroup
          options={places()}
          // what an old query says must stay visible, and can be taken back
          disabledOptions={
            archiveRefusal === undefined ? [] : (['archive', 'both'] as const).filter((one) => one !== readFrom)
          }
          value={readFrom}
          onChange={(chosen) => change({ readFrom: chosen === 'prometheus' ? undefined : chosen })}
        />
      </InlineField>
      {readFrom !== 'prometheus' && <ArchiveOptions {...props} />}
    </>
  );
}

function ArchiveOptions(props: QueryFieldsProps) {
  const { query, onChange, onRunQuery } = props;
  const change = changeAndRun(props);
  return (
    <>
      <InlineField
        label={say('editor.recordedQuery')}
        htmlFor={`recorded-${query.refId}`}
        tooltip={say('editor.recordedQueryHint')}
      >
        <Input
          id={`recorded-${query.refId}`}
          width={28}
          value={query.recordedQuery ?? ''}
          placeholder={say('editor.recordedQueryPlaceholder')}
          onChange={(event) => onChange({ ...query, recordedQuery: event.currentTarget.value || undefined })}
          onBlur={onRunQuery}
        />
      </InlineField>
      <InlineField label={say('aggregate.label')} htmlFor={`aggregate-${query.refId}`} tooltip={say('aggregate.hint')}>
        <Combobox
          id={`aggregate-${query.refId}`}
          width="auto"
          minWidth={18}
          placeholder={say('aggregate.none')}
          isClearable
          options={aggregates()}
          value={query.aggregate === 'none' ? null : (query.aggregate ?? null)}
          onChange={(chosen: ComboboxOption<Aggregate> | null) => change({ aggregate: chosen?.value })}
        />
      </InlineField>
    </>
  );
}
