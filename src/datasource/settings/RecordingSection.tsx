import { ConfigSubSection } from '@grafana/plugin-ui';
import { Space } from '@grafana/ui';
import { useMemo } from 'react';
import { ARCHIVE_DEFAULTS } from '../../contract/settings';
import { FlagField, LimitFields, type PartProps, TextField } from './ArchiveFields';
import { RecordedClient } from '../recorded/recordedClient';
import { RecordedManager } from '../recorded/RecordedManager';
import { say } from '../texts';

type Props = PartProps & { uid: string; version?: number };

/** The permission for recorded queries, and the queries themselves. These are not settings: each change is made at once. */
export function RecordingSection({ uid, version, ...part }: Props) {
  const client = useMemo(() => new RecordedClient(uid), [uid]);
  return (
    <ConfigSubSection title={say('recorded.title')} description={say('recorded.titleHint')}>
      <FlagField
        id="archive-allow-recording"
        name="archiveAllowRecording"
        label={say('recorded.allow')}
        description={say('recorded.allowHint')}
        {...part}
      />
      {part.jsonData.archiveAllowRecording && (
        <>
          <LimitFields of="archiveRecord" {...part} />
          <TextField
            name="archiveSettle"
            label={say('recorded.settle')}
            description={say('recorded.settleHint')}
            {...part}
          />
          <TextField
            name="archiveProbe"
            label={say('recorded.probe')}
            description={say('recorded.probeHint')}
            placeholder={ARCHIVE_DEFAULTS.probe}
            {...part}
          />
          <Space v={2} />
          <RecordedManager client={client} version={version} />
        </>
      )}
    </ConfigSubSection>
  );
}
