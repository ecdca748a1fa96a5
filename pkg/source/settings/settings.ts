import { type DatasourceSettings } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';
import { isOfTheQuery } from '../http/fixedParameters';
import { DEFAULT_SETTINGS, type PrometheusSettings, type TlsSettings } from './prometheusSettings';
import { SettingsReader } from './settingsReader';
import { parseSourceUrl } from './sourceUrl';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * The settings of a Grafana datasource as the client needs them. Values of wrong types are coerced or ignored with a
 * warning. Throws SETTINGS_INVALID where no request could succeed: no usable URL, an unknown method.
 */
export function parsePrometheusSettings(settings: DatasourceSettings): {
  settings: PrometheusSettings;
  warnings: string[];
} {
  const { url, userInfo } = parseSourceUrl(settings.url);
  const reader = new SettingsReader(settings.jsonData);
  const basicAuth = basicAuthOf(settings) ?? userInfo;
  const parsed: PrometheusSettings = {
    ...DEFAULT_SETTINGS,
    url,
    httpMethod: methodOf(reader),
    timeoutMs: seconds(reader, 'timeout') ?? DEFAULT_SETTINGS.timeoutMs,
    connectTimeoutMs: seconds(reader, 'dialTimeout') ?? DEFAULT_SETTINGS.connectTimeoutMs,
    idleTimeoutMs: seconds(reader, 'httpIdleConnTimeout') ?? DEFAULT_SETTINGS.idleTimeoutMs,
    maxConnections: Math.trunc(reader.amount('httpMaxConnsPerHost') ?? DEFAULT_SETTINGS.maxConnections),
    responseLimitBytes: responseLimitOf(settings, reader),
    maxSeries: Math.trunc(reader.amount('answerMaxSeries') ?? 0) || DEFAULT_SETTINGS.maxSeries,
    queryTimeout: reader.text('queryTimeout'),
    timeInterval: reader.text('timeInterval'),
    allExemplars: reader.flag('showAllExemplars'),
    customParameters: customParametersOf(reader),
    queryStats: reader.flag('queryStatsEnabled'),
    basicAuth,
    headers: customHeadersOf(settings, reader),
    tls: tlsOf(settings, reader),
  };
  warnOfConflicts(reader, parsed, userInfo !== undefined && basicAuth === userInfo);
  return { settings: parsed, warnings: reader.warnings };
}

function methodOf(reader: SettingsReader): 'GET' | 'POST' {
  const method = (reader.text('httpMethod') ?? DEFAULT_SETTINGS.httpMethod).toUpperCase();
  if (method !== 'GET' && method !== 'POST') {
    throw new PromkeepError('SETTINGS_INVALID', `Invalid httpMethod "${method.slice(0, 20)}": must be GET or POST.`);
  }
  return method;
}

function seconds(reader: SettingsReader, key: string): number | undefined {
  const amount = reader.amount(key);
  return amount === undefined ? undefined : Math.round(amount * 1000);
}

function responseLimitOf({ grafanaConfig }: DatasourceSettings, reader: SettingsReader): number {
  const text = grafanaConfig.GF_RESPONSE_LIMIT ?? '';
  const limit = Number(text);
  if (text !== '' && !Number.isFinite(limit)) {
    reader.warnings.push('GF_RESPONSE_LIMIT is not a number; the default is used.');
  }
  return limit > 0 && Number.isFinite(limit) ? limit : DEFAULT_SETTINGS.responseLimitBytes;
}

function basicAuthOf({
  basicAuthEnabled,
  basicAuthUser,
  user,
  secrets,
}: DatasourceSettings): PrometheusSettings['basicAuth'] {
  if (basicAuthEnabled) {
    return { user: basicAuthUser, password: secrets.basicAuthPassword ?? '' };
  }
  return user ? { user, password: secrets.password ?? '' } : undefined;
}

function customParametersOf(reader: SettingsReader): PrometheusSettings['customParameters'] {
  const text = reader.text('customQueryParameters')?.replace(/^\?/, '') ?? '';
  const parameters = [...new URLSearchParams(text)].filter(([name]) => {
    if (isOfTheQuery(name)) {
      reader.warnings.push(`The custom query parameter "${name}" is the query's own and was ignored.`);
    }
    return name !== '' && !isOfTheQuery(name);
  });
  for (const kind of ['Warning', 'Error']) {
    const threshold = reader.amount(`maxSamplesProcessed${kind}Threshold`) ?? 0;
    const name = `max_samples_processed_${kind.toLowerCase()}_threshold`;
    if (threshold > 0) {
      const others = parameters.filter(([other]) => other !== name);
      parameters.splice(0, parameters.length, ...others, [name, String(Math.trunc(threshold))]);
    }
  }
  return parameters;
}

/** `httpHeaderName1`, … with their values among the secrets, up to the first number without a name. */
function customHeadersOf({ secrets }: DatasourceSettings, reader: SettingsReader): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 1; ; i++) {
    const name = reader.text(`httpHeaderName${i}`);
    if (name === undefined) {
      return headers;
    }
    const value = secrets[`httpHeaderValue${i}`];
    if (value === undefined || value === '') {
      reader.warnings.push(`The custom header ${i} has a name and no value, and is not sent.`);
    } else if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      reader.warnings.push(`The custom header ${i} has characters that HTTP does not allow, and is not sent.`);
    } else {
      headers[name.toLowerCase()] = value;
    }
  }
}

function tlsOf({ secrets }: DatasourceSettings, reader: SettingsReader): TlsSettings {
  const tls: TlsSettings = {};
  const clientCertificate = reader.flag('tlsAuth');
  const ownCa = reader.flag('tlsAuthWithCACert');
  if (reader.flag('tlsSkipVerify')) {
    tls.skipVerify = true;
  }
  if (clientCertificate || ownCa) {
    tls.serverName = reader.text('serverName');
  }
  if (ownCa && secrets.tlsCACert) {
    tls.ca = secrets.tlsCACert;
  } else if (ownCa) {
    reader.warnings.push('A CA certificate is to be used, but none is set.');
  }
  if (clientCertificate && secrets.tlsClientCert && secrets.tlsClientKey) {
    tls.cert = secrets.tlsClientCert;
    tls.key = secrets.tlsClientKey;
  } else if (clientCertificate) {
    reader.warnings.push('A TLS client certificate is to be used, but certificate or key is not set.');
  }
  return tls;
}

function warnOfConflicts(reader: SettingsReader, parsed: PrometheusSettings, userInUrl: boolean): void {
  if (userInUrl) {
    reader.warnings.push(
      'The URL holds a user name or password, which everybody who sees the URL can read: use basic auth.'
    );
  }
  if (parsed.basicAuth && reader.flag('oauthPassThru')) {
    reader.warnings.push('Basic auth is on, so the forwarded OAuth identity is not sent: turn one of the two off.');
  }
  if (reader.flag('sigV4Auth')) {
    reader.warnings.push('AWS request signing (sigV4Auth) is not supported: requests are sent unsigned.');
  }
  if (reader.flag('enableSecureSocksProxy')) {
    reader.warnings.push('The secure socks proxy is not supported: requests are sent directly.');
  }
}
