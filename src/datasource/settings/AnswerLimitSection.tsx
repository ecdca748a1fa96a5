import { InlineField, Input } from '@grafana/ui';
import { DEFAULT_MAX_SERIES } from '../../contract/settings';
import { type ConfigProps } from './configProps';
import { say } from '../texts';

/** The series an answer may have, below the library's own settings. An emptied field means the default. */
export function AnswerLimitSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly } = options;
  return (
    <InlineField
      label={say('config.answerMaxSeries')}
      labelWidth={30}
      htmlFor="answer-max-series"
      tooltip={say('config.answerMaxSeriesHint')}
      disabled={readOnly}
    >
      <Input
        id="answer-max-series"
        type="number"
        min={1}
        width={20}
        placeholder={String(DEFAULT_MAX_SERIES)}
        value={jsonData.answerMaxSeries ?? ''}
        onChange={({ currentTarget }) =>
          onOptionsChange({
            ...options,
            jsonData: { ...jsonData, answerMaxSeries: Number(currentTarget.value) || undefined },
          })
        }
      />
    </InlineField>
  );
}
