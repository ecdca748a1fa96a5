import { ConfigSection, ConfigSubSection } from '@grafana/plugin-ui';
import { Alert, Combobox, type ComboboxOption, Field, RadioButtonGroup, Switch } from '@grafana/ui';
import { ARCHIVE_DEFAULTS, type ArchiveJsonData, type ArchiveSslMode } from '../contract/settings';
import { LimitField, type PartProps, TextField } from './ArchiveFields';
import { ArchiveSecrets } from './ArchiveSecrets';
import { isUnencryptedRemote } from './archiveValidation';
import { type ConfigProps } from './configProps';

const SSL_MODES: Array<ComboboxOption<ArchiveSslMode>> = [
  { value: 'disable', label: 'Off' },
  { value: 'require', label: 'Encrypt' },
  { value: 'verify-ca', label: 'Verify CA' },
  { value: 'verify-full', label: 'Verify CA and host' },
];

const RETENTIONS: Array<ComboboxOption<string>> = [
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
  { value: '1y', label: '1 year' },
  { value: 'forever', label: 'Forever' },
];

/** Where results are kept, who allowed it, and how much. */
export function ArchiveSection({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, readOnly } = options;
  const change = (changed: ArchiveJsonData) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...changed } });
  const part = { jsonData, readOnly, change };
  return (
    <ConfigSection
      title="Archive"
      description="A PostgreSQL database in which Promkeep keeps query results. Without it the datasource answers queries and keeps nothing."
      isCollapsible
      isInitiallyOpen
    >
      <Field label="Use an archive">
        <Switch
          id="archive-enabled"
          value={jsonData.archiveEnabled ?? false}
          disabled={readOnly}
          onChange={(event) => change({ archiveEnabled: event.currentTarget.checked })}
        />
      </Field>
      {jsonData.archiveEnabled && (
        <>
          <ConfigSubSection title="Database">
            <DatabaseFields {...part} />
            <ArchiveSecrets options={options} onOptionsChange={onOptionsChange} />
          </ConfigSubSection>
          <ConfigSubSection
            title="Keep in archive"
            description="Users who may edit a dashboard can archive the results of its queries once this is allowed. Viewers, alerts and public dashboards never write."
          >
            <KeepFields {...part} />
          </ConfigSubSection>
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
        label="Host"
        required
        placeholder="127.0.0.1:5432"
        {...{ jsonData, readOnly, change }}
      />
      <TextField
        name="archiveDatabase"
        label="Database"
        required
        placeholder="promkeep"
        {...{ jsonData, readOnly, change }}
      />
      <TextField name="archiveUser" label="User" required placeholder="promkeep" {...{ jsonData, readOnly, change }} />
      <TextField
        name="archiveSchema"
        label="Schema"
        description="Empty: the first schema of the user's search path."
        {...{ jsonData, readOnly, change }}
      />
      <Field label="TLS" description="As the modes of libpq: disable, require, verify-ca, verify-full.">
        <RadioButtonGroup
          id="archive-ssl-mode"
          options={SSL_MODES}
          value={jsonData.archiveSslMode ?? ARCHIVE_DEFAULTS.sslMode}
          disabled={readOnly}
          onChange={(archiveSslMode) => change({ archiveSslMode })}
        />
      </Field>
      {isUnencryptedRemote(jsonData) && (
        <Alert severity="warning" title="The password and the data travel unencrypted to this host." />
      )}
    </>
  );
}

function KeepFields({ jsonData, readOnly, change }: PartProps) {
  return (
    <>
      <TextField
        name="archiveSourceName"
        label="Source name"
        description="Name of this Prometheus in the archive. The stand-alone program shares its rows exactly when it uses the same name."
        placeholder={ARCHIVE_DEFAULTS.sourceName}
        {...{ jsonData, readOnly, change }}
      />
      <Field label="Allow “Keep in archive”">
        <Switch
          id="archive-allow-keep"
          value={jsonData.archiveAllowKeep ?? false}
          disabled={readOnly}
          onChange={(event) => change({ archiveAllowKeep: event.currentTarget.checked })}
        />
      </Field>
      {jsonData.archiveAllowKeep && (
        <>
          <Field label="Retention of kept results">
            <Combobox
              id="archive-keep-retention"
              width={40}
              options={RETENTIONS}
              value={jsonData.archiveKeepRetention ?? ARCHIVE_DEFAULTS.keepRetention}
              disabled={readOnly}
              onChange={({ value }) => change({ archiveKeepRetention: value })}
            />
          </Field>
          <LimitField
            name="archiveKeepMaxRowsPerDay"
            label="Rows a day"
            fallback={ARCHIVE_DEFAULTS.keepMaxRowsPerDay}
            {...{ jsonData, readOnly, change }}
          />
          <LimitField
            name="archiveKeepMaxSeries"
            label="Series of one result"
            fallback={ARCHIVE_DEFAULTS.keepMaxSeries}
            {...{ jsonData, readOnly, change }}
          />
        </>
      )}
    </>
  );
}
