import { Field, SecretInput, SecretTextArea } from '@grafana/ui';
import { type ArchiveSecureJsonData } from '../../contract/settings';
import { faultOfCertificate } from './archiveValidation';
import { type ConfigProps } from './configProps';
import { say } from '../texts';

/** Both secrets go to `secureJsonData`: Grafana encrypts them and never sends them back to a browser. */
export function ArchiveSecrets({ options, onOptionsChange }: ConfigProps) {
  const { secureJsonData, secureJsonFields, readOnly, jsonData } = options;
  const secret = (name: keyof ArchiveSecureJsonData) => ({
    id: name,
    disabled: readOnly,
    isConfigured: secureJsonFields[name] ?? false,
    value: secureJsonData?.[name] ?? '',
    onChange: ({ currentTarget }: { currentTarget: { value: string } }) =>
      onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: currentTarget.value } }),
    onReset: () =>
      onOptionsChange({
        ...options,
        secureJsonFields: { ...secureJsonFields, [name]: false },
        secureJsonData: { ...secureJsonData, [name]: '' },
      }),
  });
  const verifies = jsonData.archiveSslMode === 'verify-ca' || jsonData.archiveSslMode === 'verify-full';
  const certificateFault = faultOfCertificate(secureJsonData?.archiveCaCert ?? '');
  return (
    <>
      <Field label={say('archive.password')}>
        <SecretInput width={40} autoComplete="new-password" {...secret('archivePassword')} />
      </Field>
      {verifies && (
        <Field
          label={say('archive.caCert')}
          description={say('archive.caCertHint')}
          invalid={certificateFault !== undefined}
          error={certificateFault}
        >
          <SecretTextArea cols={45} rows={7} placeholder="-----BEGIN CERTIFICATE-----" {...secret('archiveCaCert')} />
        </Field>
      )}
    </>
  );
}
