import { InlineField, InlineSwitch, Input } from '@grafana/ui';
import { DEFAULT_MAX_SERIES, type QuerySettings } from '../../contract/settings';
import { type ConfigProps } from './configProps';
import { say } from '../texts';

/** What answers hold, below the library's own settings and in their form. */
export function AnswerSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly } = options;
  const change = (changed: QuerySettings) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const form = { labelWidth: 30, disabled: readOnly };
  return (
    <>
      <InlineField
        {...form}
        label={say('config.allExemplars')}
        htmlFor="show-all-exemplars"
        tooltip={say('config.allExemplarsHint')}
      >
        <InlineSwitch
          id="show-all-exemplars"
          value={jsonData.showAllExemplars ?? false}
          onChange={({ currentTarget }) => change({ showAllExemplars: currentTarget.checked })}
        />
      </InlineField>
      <InlineField
        {...form}
        label={say('config.answerMaxSeries')}
        htmlFor="answer-max-series"
        tooltip={say('config.answerMaxSeriesHint')}
      >
        <Input
          id="answer-max-series"
          type="number"
          min={1}
          width={20}
          placeholder={String(DEFAULT_MAX_SERIES)}
          value={jsonData.answerMaxSeries ?? ''}
          // An emptied field means the default.
          onChange={({ currentTarget }) => change({ answerMaxSeries: Number(currentTarget.value) || undefined })}
        />
      </InlineField>
    </>
  );
}
