import { ConfigSubSection } from '@grafana/plugin-ui';
import { Field, Input, Space, Switch } from '@grafana/ui';
import { useMemo } from 'react';
import { parseDurationMs } from '../../contract/duration';
import { ARCHIVE_DEFAULTS, type ArchiveJsonData } from '../../contract/settings';
import { LimitField } from './ArchiveFields';
import { type ConfigProps } from './configProps';
import { RecordedClient } from '../recorded/recordedClient';
import { RecordedManager } from '../recorded/RecordedManager';
import { RecordingLimits } from './RecordingLimits';
import { say } from '../texts';

/** The permission for recorded queries, and the queries themselves. These are not settings: each change is made at once. */
export function RecordingSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly, uid, version } = options;
  const client = useMemo(() => new RecordedClient(uid), [uid]);
  const change = (changed: ArchiveJsonData) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const { archiveSettle = '' } = jsonData;
  const settleFault =
    archiveSettle !== '' && parseDurationMs(archiveSettle) === undefined ? say('recorded.settleFault') : undefined;
  return (
    <ConfigSubSection title={say('recorded.title')} description={say('recorded.titleHint')}>
      <Field label={say('recorded.allow')} description={say('recorded.allowHint')}>
        <Switch
          id="archive-allow-recording"
          value={jsonData.archiveAllowRecording ?? false}
          disabled={readOnly}
          onChange={(event) => change({ archiveAllowRecording: event.currentTarget.checked })}
        />
      </Field>
      {jsonData.archiveAllowRecording && (
        <>
          <LimitField
            name="archiveRecordMaxSeries"
            label={say('recorded.maxSeries')}
            fallback={ARCHIVE_DEFAULTS.recordMaxSeries}
            {...{ jsonData, readOnly, change }}
          />
          <RecordingLimits {...{ jsonData, readOnly, change }} />
          <Field
            label={say('recorded.settle')}
            description={say('recorded.settleHint')}
            invalid={settleFault !== undefined}
            error={settleFault}
          >
            <Input
              id="archiveSettle"
              width={40}
              value={archiveSettle}
              disabled={readOnly}
              onChange={(event) => change({ archiveSettle: event.currentTarget.value || undefined })}
            />
          </Field>
          <Field label={say('recorded.probe')} description={say('recorded.probeHint')}>
            <Input
              id="archiveProbe"
              width={40}
              spellCheck={false}
              placeholder={ARCHIVE_DEFAULTS.probe}
              value={jsonData.archiveProbe ?? ''}
              disabled={readOnly}
              onChange={(event) => change({ archiveProbe: event.currentTarget.value || undefined })}
            />
          </Field>
          <Space v={2} />
          <RecordedManager client={client} version={version} />
        </>
      )}
    </ConfigSubSection>
  );
}
