import { type DataSourceSettings } from '@grafana/data';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { installGrafanaHost } from '../../../tests/fakes/grafanaHost';
import { DATASOURCE_PLUGIN_ID } from '../../contract/pluginIds';
import { ConfigEditor } from './ConfigEditor';
import { type PromkeepOptions, type PromkeepSecureOptions } from '../query/promkeepPromQuery';

type Settings = DataSourceSettings<PromkeepOptions, PromkeepSecureOptions>;

function settings(changed: Partial<Settings> = {}): Settings {
  return {
    id: 1,
    uid: 'u',
    orgId: 1,
    name: 'Promkeep',
    type: DATASOURCE_PLUGIN_ID,
    typeName: '',
    typeLogoUrl: '',
    access: 'proxy',
    url: 'http://127.0.0.1:9090',
    user: '',
    database: '',
    basicAuth: false,
    basicAuthUser: '',
    isDefault: false,
    jsonData: { httpMethod: 'POST' },
    secureJsonFields: {},
    readOnly: false,
    withCredentials: false,
    ...changed,
  };
}

/** The page with the state Grafana keeps for it; `current()` is what *Save & test* would send. */
function open(initial: Settings) {
  installGrafanaHost(() => ({}));
  let latest = initial;
  function Page() {
    const [options, setOptions] = useState(initial);
    latest = options;
    return <ConfigEditor options={options} onOptionsChange={setOptions} />;
  }
  render(<Page />);
  const user = userEvent.setup({ delay: null });
  // Pasted, not typed: every key would draw the whole page again.
  const enter = async (field: HTMLElement, text: string) => {
    await user.click(field);
    await user.paste(text);
  };
  return { user, enter, current: () => latest };
}

describe('the settings page', () => {
  it('stores POST when it opens, or the library would ask with GET although the page shows POST', () => {
    expect(open(settings({ jsonData: {} })).current().jsonData.httpMethod).toBe('POST');
  });

  it('leaves a stored method and a provisioned datasource as they are', () => {
    expect(open(settings({ jsonData: { httpMethod: 'GET' } })).current().jsonData.httpMethod).toBe('GET');
    expect(open(settings({ jsonData: {}, readOnly: true })).current().jsonData.httpMethod).toBeUndefined();
  });

  it('writes the URL of Prometheus', async () => {
    const { current, enter } = open(settings({ url: '' }));
    await enter(screen.getByLabelText('Data source connection URL'), 'http://prom:9090');
    expect(current().url).toBe('http://prom:9090');
  });

  it('says below the URL what is wrong with it while it is typed', async () => {
    const { enter } = open(settings({ url: '' }));
    await enter(screen.getByLabelText('Data source connection URL'), 'prom:9090');
    expect(screen.getByText(/starts with http:\/\/ or https:\/\//)).toBeInTheDocument();
  });

  it('offers nothing that Grafana does for its own Prometheus type only', () => {
    open(settings());
    expect(screen.queryByText(/manage alerts/i)).not.toBeInTheDocument();
    expect(screen.queryByText(/recording rules target/i)).not.toBeInTheDocument();
  });
});

describe('stored settings of the wrong types', () => {
  const wrong: unknown[] = [5, 'x', true, [5, null], { a: 1 }, null];

  // [Q7.3]
  it.each(wrong.map((value) => [JSON.stringify(value), value]))('are shown without a crash: %s', (_, value) => {
    const keys = [
      ...['timeInterval', 'queryTimeout', 'httpMethod', 'customQueryParameters', 'prometheusType', 'prometheusVersion'],
      ...[
        'disableMetricsLookup',
        'cacheLevel',
        'defaultEditor',
        'incrementalQueryOverlapWindow',
        'disableRecordingRules',
      ],
      ...['seriesEndpoint', 'seriesLimit', 'exemplarTraceIdDestinations', 'timeout', 'keepCookies', 'tlsSkipVerify'],
      ...['serverName', 'httpHeaderName1', 'archiveHost', 'archiveDatabase', 'archiveUser', 'archiveSslMode'],
      ...['archiveSchema', 'archiveSourceName', 'archiveKeepRetention', 'archiveKeepMaxRowsPerDay', 'unknownToUs'],
    ];
    const jsonData = Object.fromEntries(keys.map((key) => [key, value]));
    open(
      settings({ jsonData: { ...jsonData, archiveEnabled: true, archiveAllowKeep: true, incrementalQuerying: true } })
    );
    expect(screen.getByText('Archive')).toBeInTheDocument();
  });

  it('are named, and stored as shown with the next change', async () => {
    const stored: Settings['jsonData'] = JSON.parse('{"httpMethod":"POST","seriesLimit":"500","cacheLevel":7}');
    const { enter, current } = open(settings({ jsonData: stored, url: '' }));
    expect(screen.getByText(/seriesLimit is read as 500; cacheLevel is ignored\./)).toBeInTheDocument();
    await enter(screen.getByLabelText('Data source connection URL'), 'http://prom:9090');
    expect(current().jsonData).toEqual({ httpMethod: 'POST', seriesLimit: 500, cacheLevel: undefined });
    expect(screen.getByText(/seriesLimit is read as 500/)).toBeInTheDocument();
  });
});

describe('the archive section', () => {
  const enabled = settings({ jsonData: { httpMethod: 'POST', archiveEnabled: true } });

  it('shows its fields once the archive is switched on, and what is missing', async () => {
    const { user, current } = open(settings());
    expect(screen.queryByLabelText(/^Host/)).not.toBeInTheDocument();
    await user.click(screen.getByLabelText('Use an archive'));
    expect(current().jsonData.archiveEnabled).toBe(true);
    expect(screen.getByText('Enter the PostgreSQL server, for example 127.0.0.1:5432.')).toBeInTheDocument();
    expect(screen.getByText('Enter the name of the database.')).toBeInTheDocument();
    expect(screen.getByText('Enter the PostgreSQL user.')).toBeInTheDocument();
  });

  it('writes the connection to jsonData and the password to secureJsonData only', async () => {
    const { current, enter } = open(enabled);
    await enter(screen.getByLabelText(/^Host/), 'db:6432');
    await enter(screen.getByLabelText(/^Database/), 'archive');
    await enter(screen.getByLabelText(/^User/), 'keeper');
    await enter(screen.getByLabelText(/^Source name/), 'prod');
    await enter(screen.getByLabelText('Password'), 's3cret');
    expect(current().jsonData).toEqual({
      httpMethod: 'POST',
      archiveEnabled: true,
      archiveHost: 'db:6432',
      archiveDatabase: 'archive',
      archiveUser: 'keeper',
      archiveSourceName: 'prod',
    });
    expect(current().secureJsonData).toEqual({ archivePassword: 's3cret' });
    expect(screen.queryByRole('alert')).toBeInTheDocument();
  });

  it('shows a stored password as configured and forgets it on reset', async () => {
    const { user, current } = open({ ...enabled, secureJsonFields: { archivePassword: true } });
    expect(screen.getByLabelText('Password')).toHaveValue('configured');
    await user.click(screen.getByRole('button', { name: 'Reset' }));
    expect(current().secureJsonFields.archivePassword).toBe(false);
    expect(current().secureJsonData).toEqual({ archivePassword: '' });
    expect(screen.getByLabelText('Password')).toHaveValue('');
  });

  it('asks for a CA certificate when the server is verified and refuses what is none', async () => {
    const { user, current, enter } = open(enabled);
    expect(screen.queryByLabelText(/^CA certificate/)).not.toBeInTheDocument();
    await user.click(screen.getByLabelText('Verify CA and host'));
    expect(current().jsonData.archiveSslMode).toBe('verify-full');
    await enter(screen.getByLabelText(/^CA certificate/), 'MIIB');
    expect(current().secureJsonData).toEqual({ archiveCaCert: 'MIIB' });
    expect(screen.getByText(/Paste a PEM certificate/)).toBeInTheDocument();
  });

  it('shows a wrong host where it was typed', async () => {
    const { enter } = open(enabled);
    await enter(screen.getByLabelText(/^Host/), 'postgres://db');
    expect(screen.getByText(/without a scheme/)).toBeInTheDocument();
  });

  it('keeps limits as numbers, and none when the field is emptied', async () => {
    const { user, current, enter } = open(enabled);
    await user.click(screen.getByLabelText('Allow “Keep in archive”'));
    expect(current().jsonData.archiveAllowKeep).toBe(true);
    const rows = screen.getByLabelText(/^Rows a day/);
    await enter(rows, '5000');
    expect(current().jsonData.archiveKeepMaxRowsPerDay).toBe(5000);
    await user.clear(rows);
    expect(current().jsonData.archiveKeepMaxRowsPerDay).toBeUndefined();
    await enter(screen.getByLabelText(/^Series of one result/), '0');
    expect(screen.getByText(/whole number greater than 0/)).toBeInTheDocument();
  });

  it('stores the permission for recorded queries, and asks the backend for them once it is given', async () => {
    const { user, current, enter } = open(enabled);
    expect(screen.queryByLabelText(/^Settle time/)).not.toBeInTheDocument();
    await user.click(screen.getByLabelText(/^Allow recorded queries/));
    expect(current().jsonData.archiveAllowRecording).toBe(true);
    await enter(screen.getByLabelText(/^Settle time/), 'soon');
    expect(screen.getByText(/Enter a duration such as 45s/)).toBeInTheDocument();
    // The backend of these tests answers nothing of use, as that of unsaved settings.
    expect(await screen.findByText('The recorded queries could not be loaded')).toBeInTheDocument();
  });

  it('cannot be changed on a provisioned datasource', () => {
    open({ ...enabled, readOnly: true });
    expect(screen.getByLabelText('Use an archive')).toBeDisabled();
    expect(screen.getByLabelText(/^Host/)).toBeDisabled();
    expect(screen.getByLabelText('Password')).toBeDisabled();
  });
});
