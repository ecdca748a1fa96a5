import { RECORDING_LIMITS } from '../../contract/settings';
import { LimitField, type PartProps } from './ArchiveFields';
import { say } from '../texts';

/** How much recorded queries may take together: through this datasource's source, and in the whole organisation. */
export function RecordingLimits(props: PartProps) {
  const { source, organisation } = RECORDING_LIMITS;
  return (
    <>
      <LimitField
        name="archiveRecordMaxQueries"
        label={say('recordedLimits.queries')}
        fallback={source.queries}
        {...props}
      />
      <LimitField
        name="archiveRecordMaxTotalSeries"
        label={say('recordedLimits.series')}
        fallback={source.series}
        {...props}
      />
      <LimitField
        name="archiveRecordMaxSamplesPerDay"
        label={say('recordedLimits.samplesPerDay')}
        fallback={source.samplesPerDay}
        {...props}
      />
      <LimitField
        name="archiveRecordOrgMaxQueries"
        label={say('recordedLimits.orgQueries')}
        fallback={organisation.queries}
        {...props}
      />
      <LimitField
        name="archiveRecordOrgMaxSeries"
        label={say('recordedLimits.orgSeries')}
        fallback={organisation.series}
        {...props}
      />
      <LimitField
        name="archiveRecordOrgMaxSamplesPerDay"
        label={say('recordedLimits.orgSamplesPerDay')}
        fallback={organisation.samplesPerDay}
        {...props}
      />
    </>
  );
}
