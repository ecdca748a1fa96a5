import { Field, Input, Switch } from '@grafana/ui';
import {
  ARCHIVE_DEFAULTS,
  type ArchiveJsonData,
  LIMIT_SETTINGS,
  type LimitSetting,
  RECORDING_LIMITS,
} from '../../contract/settings';
import { findArchiveFaults } from './archiveValidation';
import { say, type TextKey } from '../texts';

export interface PartProps {
  jsonData: ArchiveJsonData;
  readOnly: boolean;
  change: (changed: ArchiveJsonData) => void;
}

interface FieldProps<Name extends keyof ArchiveJsonData> extends PartProps {
  name: Name;
  label: string;
  description?: string;
}

type TextSetting = `archive${'Host' | 'Database' | 'User' | 'Schema' | 'SourceName' | 'Settle' | 'Probe'}`;

interface TextFieldProps extends FieldProps<TextSetting> {
  required?: boolean;
  placeholder?: string;
}

/** A text setting with its fault below it; an emptied field is stored as absent. */
export function TextField({ name, placeholder, jsonData, readOnly, change, ...field }: TextFieldProps) {
  const fault = findArchiveFaults(jsonData)[name];
  return (
    <Field {...field} invalid={fault !== undefined} error={fault}>
      <Input
        id={name}
        width={40}
        spellCheck={false}
        placeholder={placeholder}
        value={jsonData[name] ?? ''}
        disabled={readOnly}
        onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
      />
    </Field>
  );
}

interface FlagFieldProps extends FieldProps<`archive${'Enabled' | 'AllowKeep' | 'AllowRecording'}`> {
  id: string;
}

export function FlagField({ id, name, jsonData, readOnly, change, ...field }: FlagFieldProps) {
  return (
    <Field {...field}>
      <Switch
        id={id}
        value={jsonData[name] ?? false}
        disabled={readOnly}
        onChange={(event) => change({ [name]: event.currentTarget.checked })}
      />
    </Field>
  );
}

/** What each limit is called, and what holds while its field is empty. */
const LIMITS: Readonly<Record<LimitSetting, [label: TextKey, fallback: number]>> = {
  archiveKeepMaxRowsPerDay: ['archive.rowsPerDay', ARCHIVE_DEFAULTS.keepMaxRowsPerDay],
  archiveKeepMaxSeries: ['archive.seriesPerResult', ARCHIVE_DEFAULTS.keepMaxSeries],
  archiveRecordMaxSeries: ['recorded.maxSeries', ARCHIVE_DEFAULTS.recordMaxSeries],
  archiveRecordMaxQueries: ['recordedLimits.queries', RECORDING_LIMITS.source.queries],
  archiveRecordMaxTotalSeries: ['recordedLimits.series', RECORDING_LIMITS.source.series],
  archiveRecordMaxSamplesPerDay: ['recordedLimits.samplesPerDay', RECORDING_LIMITS.source.samplesPerDay],
  archiveRecordOrgMaxQueries: ['recordedLimits.orgQueries', RECORDING_LIMITS.organisation.queries],
  archiveRecordOrgMaxSeries: ['recordedLimits.orgSeries', RECORDING_LIMITS.organisation.series],
  archiveRecordOrgMaxSamplesPerDay: ['recordedLimits.orgSamplesPerDay', RECORDING_LIMITS.organisation.samplesPerDay],
};

/** The limits of one kind, each with its fault below it; an emptied field means the default. */
export function LimitFields({ of, jsonData, readOnly, change }: PartProps & { of: 'archiveKeep' | 'archiveRecord' }) {
  const faults = findArchiveFaults(jsonData);
  return LIMIT_SETTINGS.filter((name) => name.startsWith(of)).map((name) => {
    const [label, fallback] = LIMITS[name];
    const description = say('archive.limitHint', { fallback });
    return (
      <Field key={name} label={say(label)} description={description} invalid={name in faults} error={faults[name]}>
        <Input
          id={name}
          width={40}
          type="number"
          min={1}
          placeholder={String(fallback)}
          value={jsonData[name] ?? ''}
          disabled={readOnly}
          onChange={(event) => change({ [name]: toLimit(event.currentTarget.value) })}
        />
      </Field>
    );
  });
}

function toLimit(text: string): number | undefined {
  return text.trim() === '' ? undefined : Number(text);
}
