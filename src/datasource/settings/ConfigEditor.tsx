import { PromSettings } from '@grafana/prometheus';
import {
  AdvancedHttpSettings,
  Auth,
  ConfigSection,
  ConnectionSettings,
  convertLegacyAuthProps,
} from '@grafana/plugin-ui';
import { config } from '@grafana/runtime';
import { Alert, Divider, SecureSocksProxySettings } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { AnswerSection } from './AnswerSection';
import { ArchiveSection } from './ArchiveSection';
import { type ConfigProps } from './configProps';
import { readJsonData } from './readJsonData';
import { settingsHints } from './settingsHints';
import { say } from '../texts';

/**
 * The settings page. The library's section for alerting is left out on purpose: *Manage alerts* and *recording rules
 * target* have no effect for a plugin whose id is not `prometheus`.
 */
export function ConfigEditor({ options, onOptionsChange }: ConfigProps) {
  const { jsonData, warnings } = useMemo(() => readJsonData(options.jsonData), [options.jsonData]);
  const readable = useMemo(() => ({ ...options, jsonData }), [options, jsonData]);
  return <SettingsPage key={options.uid} options={readable} onOptionsChange={onOptionsChange} warnings={warnings} />;
}

function SettingsPage(props: ConfigProps & { warnings: string[] }) {
  const { options, onOptionsChange } = props;
  // Those of the settings as stored: the first change stores what is shown, and nothing is wrong with that.
  const [warnings] = useState(props.warnings);
  useStoredHttpMethod(props);
  return (
    <>
      {warnings.length > 0 && (
        <Alert severity="warning" title={say('config.wrongForms')}>
          {say('config.wrongFormsHint', { list: warnings.join('; ') })}
        </Alert>
      )}
      {options.access === 'direct' && <Alert severity="error" title={say('config.browserAccess')} />}
      <ConnectionSettings
        config={options}
        onChange={onOptionsChange}
        urlLabel={say('config.url')}
        urlPlaceholder="http://127.0.0.1:9090"
        urlTooltip={say('config.urlHint')}
      />
      {settingsHints(options).map((hint) => (
        <Alert key={hint} severity="warning" title={hint} />
      ))}
      <Divider spacing={4} />
      <Auth {...convertLegacyAuthProps({ config: options, onChange: onOptionsChange })} />
      {config.secureSocksDSProxyEnabled && (
        <SecureSocksProxySettings options={options} onOptionsChange={onOptionsChange} />
      )}
      <Divider spacing={4} />
      <ArchiveSection {...props} />
      <Divider spacing={4} />
      <ConfigSection title={say('config.advanced')} isCollapsible isInitiallyOpen={false}>
        <AdvancedHttpSettings config={options} onChange={onOptionsChange} />
        <PromSettings options={options} onOptionsChange={onOptionsChange} />
        <AnswerSection {...props} />
      </ConfigSection>
    </>
  );
}

/**
 * The page shows POST when nothing is stored, yet the library stores it only once it is chosen, and asks with GET until
 * then. Runs on mount; a provisioned datasource cannot be changed here and gets its default in the datasource itself.
 */
function useStoredHttpMethod({ options, onOptionsChange }: ConfigProps) {
  const missing = !options.jsonData.httpMethod && !options.readOnly;
  useEffect(() => {
    if (missing) {
      onOptionsChange({ ...options, jsonData: { ...options.jsonData, httpMethod: 'POST' } });
    }
  }, [missing, options, onOptionsChange]);
}
