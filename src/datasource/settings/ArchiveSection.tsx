import { ConfigSection, ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Combobox, type ComboboxOption, Field, RadioButtonGroup, Switch } from '@grafana/ui';
import { ARCHIVE_DEFAULTS, type ArchiveJsonData, type ArchiveSslMode } from '../../contract/settings';
import { LimitField, type PartProps, TextField } from './ArchiveFields';
import { ArchiveSecrets } from './ArchiveSecrets';
import { isUnencryptedRemote } from './archiveValidation';
import { type ConfigProps } from './configProps';
import { RecordingSection } from './RecordingSection';
import { say } from '../texts';

const sslModes = (): Array<ComboboxOption<ArchiveSslMode>> => [
  { value: 'disable', label: say('archive.tlsOff') },
  { value: 'require', label: say('archive.tlsRequire') },
  { value: 'verify-ca', label: say('archive.tlsVerifyCa') },
  { value: 'verify-full', label: say('archive.tlsVerifyFull') },
];

const RETENTIONS = ['7d', '30d', '1y', 'forever'] as const;

/** Where results are kept, who allowed it, and how much. */
export function ArchiveSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly } = options;
  const change = (changed: ArchiveJsonData) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const part = { jsonData, readOnly, change };
  return (
    <ConfigSection title={say('archive.title')} description={say('archive.titleHint')} isCollapsible isInitiallyOpen>
      <Field label={say('archive.use')}>
        <Switch
          id="archive-enabled"
          value={jsonData.archiveEnabled ?? false}
          disabled={readOnly}
          onChange={(event) => change({ archiveEnabled: event.currentTarget.checked })}
        />
      </Field>
      {jsonData.archiveEnabled && (
        <>
          <ConfigSubSection title={say('archive.database')}>
            <DatabaseFields {...part} />
            <ArchiveSecrets options={options} onOptionsChange={onOptionsChange} />
          </ConfigSubSection>
          <ConfigSubSection title={say('archive.keep')} description={say('archive.keepHint')}>
            <KeepFields {...part} />
          </ConfigSubSection>
          <RecordingSection options={options} onOptionsChange={onOptionsChange} />
        </>
      )}
    </ConfigSection>
  );
}

function DatabaseFields({ jsonData, readOnly, change }: PartProps) {
  return (
    <>
      <TextField
        name="archiveHost"
        label={say('archive.host')}
        required
        placeholder="127.0.0.1:5432"
        {...{ jsonData, readOnly, change }}
      />
      <TextField
        name="archiveDatabase"
        label={say('archive.database')}
        required
        placeholder="promkeep"
        {...{ jsonData, readOnly, change }}
      />
      <TextField
        name="archiveUser"
        label={say('archive.user')}
        required
        placeholder="promkeep"
        {...{ jsonData, readOnly, change }}
      />
      <TextField
        name="archiveSchema"
        label={say('archive.schema')}
        description={say('archive.schemaHint')}
        {...{ jsonData, readOnly, change }}
      />
      <Field label={say('archive.tls')} description={say('archive.tlsHint')}>
        <RadioButtonGroup
          id="archive-ssl-mode"
          options={sslModes()}
          value={jsonData.archiveSslMode ?? ARCHIVE_DEFAULTS.sslMode}
          disabled={readOnly}
          onChange={(archiveSslMode) => change({ archiveSslMode })}
        />
      </Field>
      {isUnencryptedRemote(jsonData) && <Alert severity="warning" title={say('archive.unencrypted')} />}
    </>
  );
}

function KeepFields({ jsonData, readOnly, change }: PartProps) {
  return (
    <>
      <TextField
        name="archiveSourceName"
        label={say('archive.sourceName')}
        description={say('archive.sourceNameHint')}
        placeholder={ARCHIVE_DEFAULTS.sourceName}
        {...{ jsonData, readOnly, change }}
      />
      <Field label={say('archive.allowKeep')}>
        <Switch
          id="archive-allow-keep"
          value={jsonData.archiveAllowKeep ?? false}
          disabled={readOnly}
          onChange={(event) => change({ archiveAllowKeep: event.currentTarget.checked })}
        />
      </Field>
      {jsonData.archiveAllowKeep && (
        <>
          <Field label={say('archive.retention')}>
            <Combobox
              id="archive-keep-retention"
              width={40}
              options={RETENTIONS.map((value) => ({ value, label: say(`archive.${value}`) }))}
              value={jsonData.archiveKeepRetention ?? ARCHIVE_DEFAULTS.keepRetention}
              disabled={readOnly}
              onChange={({ value }) => change({ archiveKeepRetention: value })}
            />
          </Field>
          <LimitField
            name="archiveKeepMaxRowsPerDay"
            label={say('archive.rowsPerDay')}
            fallback={ARCHIVE_DEFAULTS.keepMaxRowsPerDay}
            {...{ jsonData, readOnly, change }}
          />
          <LimitField
            name="archiveKeepMaxSeries"
            label={say('archive.seriesPerResult')}
            fallback={ARCHIVE_DEFAULTS.keepMaxSeries}
            {...{ jsonData, readOnly, change }}
          />
        </>
      )}
    </>
  );
}
