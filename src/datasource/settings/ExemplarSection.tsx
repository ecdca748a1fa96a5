import { InlineField, InlineSwitch } from '@grafana/ui';
import { type ConfigProps } from './configProps';
import { say } from '../texts';

/** Below the library's own settings of exemplars, in their form. */
export function ExemplarSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly } = options;
  return (
    <InlineField
      label={say('config.allExemplars')}
      labelWidth={30}
      htmlFor="show-all-exemplars"
      tooltip={say('config.allExemplarsHint')}
      disabled={readOnly}
    >
      <InlineSwitch
        id="show-all-exemplars"
        value={jsonData.showAllExemplars ?? false}
        onChange={({ currentTarget }) =>
          onOptionsChange({ ...options, jsonData: { ...jsonData, showAllExemplars: currentTarget.checked } })
        }
      />
    </InlineField>
  );
}
