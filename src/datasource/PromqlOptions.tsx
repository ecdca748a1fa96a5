import { InlineField, InlineFieldRow, InlineSwitch, RadioButtonGroup } from '@grafana/ui';
import { type ResultFormat } from '../contract/query';
import { type PromkeepPromQuery } from './promkeepPromQuery';
import { type PromkeepQueryEditorProps } from './queryEditorProps';

const FORMATS: Array<{ value: ResultFormat; label: string; description: string }> = [
  { value: 'series', label: 'Prometheus series', description: "As Grafana's own Prometheus datasource answers" },
  { value: 'standard', label: 'Standard records', description: 'One long table: a row for each sample' },
];

const KEEP_HINT = 'Writes the result of this query to the archive each time it runs for someone who may edit.';
const KEEP_REFUSED =
  'Keeping is off for this datasource. Someone who may edit datasources can enable the archive and allow “Keep in archive” in its settings.';

const LIVE_HINT =
  'New points arrive as soon as they are there, without refreshing. For range queries over a time range that ends now.';

type Props = Pick<PromkeepQueryEditorProps, 'query' | 'onChange' | 'onRunQuery' | 'datasource'>;

/** What Promkeep adds to a PromQL query. */
export function PromqlOptions({ query, onChange, onRunQuery, datasource }: Props) {
  const change = (changed: Partial<PromkeepPromQuery>) => {
    onChange({ ...query, ...changed });
    onRunQuery();
  };
  const { keepAllowed } = datasource;
  return (
    <InlineFieldRow>
      <InlineField label="Format">
        <RadioButtonGroup
          options={FORMATS}
          value={query.resultFormat ?? 'series'}
          onChange={(resultFormat) => change({ resultFormat })}
        />
      </InlineField>
      <InlineField label="Live" htmlFor={`live-${query.refId}`} tooltip={LIVE_HINT}>
        <InlineSwitch
          id={`live-${query.refId}`}
          value={query.live ?? false}
          onChange={(event) => change({ live: event.currentTarget.checked })}
        />
      </InlineField>
      <InlineField
        label="Keep in archive"
        htmlFor={`keep-${query.refId}`}
        tooltip={keepAllowed ? KEEP_HINT : KEEP_REFUSED}
        disabled={!keepAllowed && !query.keep}
      >
        <InlineSwitch
          id={`keep-${query.refId}`}
          value={query.keep ?? false}
          onChange={(event) => change({ keep: event.currentTarget.checked })}
        />
      </InlineField>
    </InlineFieldRow>
  );
}
