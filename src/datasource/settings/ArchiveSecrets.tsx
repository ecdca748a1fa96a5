import { Field, SecretInput, SecretTextArea } from '@grafana/ui';
import { type ArchiveSecureJsonData } from '../../contract/settings';
import { faultOfCertificate } from './archiveValidation';
import { type ConfigProps } from './configProps';
import { say } from '../texts';

/** Both secrets go to `secureJsonData`: Grafana encrypts them and never sends them back to a browser. */
export function ArchiveSecrets({ options, onOptionsChange }: ConfigProps) {
  const { secureJsonData, secureJsonFields, readOnly, jsonData } = options;
  const set = (name: keyof ArchiveSecureJsonData, value: string) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: value } });
  const reset = (name: keyof ArchiveSecureJsonData) =>
    onOptionsChange({
      ...options,
      secureJsonFields: { ...secureJsonFields, [name]: false },
      secureJsonData: { ...secureJsonData, [name]: '' },
    });
  const verifies = jsonData.archiveSslMode === 'verify-ca' || jsonData.archiveSslMode === 'verify-full';
  const certificate = secureJsonData?.archiveCaCert ?? '';
  const certificateFault = faultOfCertificate(certificate);
  return (
    <>
      <Field label={say('archive.password')}>
        <SecretInput
          id="archivePassword"
          width={40}
          autoComplete="new-password"
          disabled={readOnly}
          isConfigured={secureJsonFields.archivePassword ?? false}
          value={secureJsonData?.archivePassword ?? ''}
          onChange={(event) => set('archivePassword', event.currentTarget.value)}
          onReset={() => reset('archivePassword')}
        />
      </Field>
      {verifies && (
        <Field
          label={say('archive.caCert')}
          description={say('archive.caCertHint')}
          invalid={certificateFault !== undefined}
          error={certificateFault}
        >
          <SecretTextArea
            id="archiveCaCert"
            cols={45}
            rows={7}
            placeholder="-----BEGIN CERTIFICATE-----"
            disabled={readOnly}
            isConfigured={secureJsonFields.archiveCaCert ?? false}
            value={certificate}
            onChange={(event) => set('archiveCaCert', event.currentTarget.value)}
            onReset={() => reset('archiveCaCert')}
          />
        </Field>
      )}
    </>
  );
}
