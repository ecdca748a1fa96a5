import { ConfigSection, ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Combobox, type ComboboxOption, Field, RadioButtonGroup } from '@grafana/ui';
import { ARCHIVE_DEFAULTS, type ArchiveJsonData, type ArchiveSslMode } from '../../contract/settings';
import { FlagField, LimitFields, type PartProps, TextField } from './ArchiveFields';
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
      <FlagField id="archive-enabled" name="archiveEnabled" label={say('archive.use')} {...part} />
      {jsonData.archiveEnabled && (
        <>
          <ConfigSubSection title={say('archive.database')}>
            <DatabaseFields {...part} />
            <ArchiveSecrets options={options} onOptionsChange={onOptionsChange} />
          </ConfigSubSection>
          <ConfigSubSection title={say('archive.keep')} description={say('archive.keepHint')}>
            <KeepFields {...part} />
          </ConfigSubSection>
          <RecordingSection uid={options.uid} version={options.version} {...part} />
        </>
      )}
    </ConfigSection>
  );
}

function DatabaseFields(part: PartProps) {
  const { jsonData, readOnly, change } = part;
  return (
    <>
      <TextField name="archiveHost" label={say('archive.host')} required placeholder="127.0.0.1:5432" {...part} />
      <TextField name="archiveDatabase" label={say('archive.database')} required placeholder="promkeep" {...part} />
      <TextField name="archiveUser" label={say('archive.user')} required placeholder="promkeep" {...part} />
      <TextField name="archiveSchema" label={say('archive.schema')} description={say('archive.schemaHint')} {...part} />
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

function KeepFields(part: PartProps) {
  const { jsonData, readOnly, change } = part;
  return (
    <>
      <TextField
        name="archiveSourceName"
        label={say('archive.sourceName')}
        description={say('archive.sourceNameHint')}
        placeholder={ARCHIVE_DEFAULTS.sourceName}
        {...part}
      />
      <FlagField id="archive-allow-keep" name="archiveAllowKeep" label={say('archive.allowKeep')} {...part} />
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
          <LimitFields of="archiveKeep" {...part} />
        </>
      )}
    </>
  );
}
