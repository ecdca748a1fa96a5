import { type DatasourceSettings } from '../../core/ports/datasource';
import { DEFAULT_RESPONSE_LIMIT_BYTES, plainPrometheusSettings } from './prometheusSettings';
import { parsePrometheusSettings } from './settings';

function settings(over: Partial<DatasourceSettings> = {}): DatasourceSettings {
  return {
    uid: 'u',
    name: 'n',
    orgId: 1,
    url: 'http://prom:9090',
    user: '',
    basicAuthEnabled: false,
    basicAuthUser: '',
    jsonData: {},
    secrets: {},
    grafanaConfig: {},
    ...over,
  };
}

function parse(jsonData: unknown, over: Partial<DatasourceSettings> = {}): ReturnType<typeof parsePrometheusSettings> {
  return parsePrometheusSettings(settings({ jsonData, ...over }));
}

describe('the URL', () => {
  // [Q7.2]
  it.each([
    ['', 'is missing'],
    ['  ', 'is missing'],
    ['localhost:9090', 'write http://localhost:9090 or https://localhost:9090'],
    ['me:geheim@prom:9090/x?token=geheim', 'write http://prom:9090'],
    ['ftp://prom', 'starts with ftp://'],
    ['http://', 'cannot be read'],
    ['http://prom:99999', 'cannot be read'],
  ])('refuses "%s" with advice and without its secrets', (url, message) => {
    const attempt = (): unknown => parse({}, { url });
    expect(attempt).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }));
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow('geheim');
  });

  it('takes the URL apart: path without slashes too many, own parameters, user', () => {
    const { settings: parsed, warnings } = parse({}, { url: ' https://me:p%40ss@prom/a//b/?x=1 ' });
    const url = { origin: 'https://prom', host: 'prom', isLocal: false, basePath: '/a/b', query: [['x', '1']] };
    expect(parsed.url).toEqual(url);
    expect(parsed.basicAuth).toEqual({ user: 'me', password: 'p@ss' });
    expect(warnings).toEqual([expect.stringContaining('use basic auth')]);
  });
});

describe('jsonData', () => {
  // [Q2.2]
  it.each([undefined, null, {}, ''])('has defaults for %p', (jsonData) => {
    const { settings: parsed, warnings } = parse(jsonData);
    expect(parsed).toMatchObject({
      httpMethod: 'POST',
      timeoutMs: 30_000,
      responseLimitBytes: DEFAULT_RESPONSE_LIMIT_BYTES,
    });
    expect(warnings).toEqual([]);
  });

  // [Q7.16]
  it.each([
    ['12', 12_000, 0],
    [0.5, 500, 0],
    [0, 0, 0],
    ['abc', 30_000, 1],
    [-1, 30_000, 1],
    [{}, 30_000, 1],
  ])('reads timeout %p as %d ms', (timeout, timeoutMs, warned) => {
    const { settings: parsed, warnings } = parse({ timeout });
    expect(parsed.timeoutMs).toBe(timeoutMs);
    expect(warnings).toHaveLength(warned);
  });

  // [Q7.3] [Q7.16]
  it('coerces every wrong type with a warning', () => {
    const { settings: parsed, warnings } = parse({
      httpMethod: {},
      queryTimeout: 60,
      timeInterval: ['15s'],
      customQueryParameters: 5,
      queryStatsEnabled: 'true',
      showAllExemplars: 'true',
      maxSamplesProcessedErrorThreshold: 'many',
      httpHeaderName1: [],
      tlsAuth: 'no',
    });
    expect(parsed).toMatchObject({ httpMethod: 'POST', queryTimeout: '60', queryStats: true, timeInterval: undefined });
    expect(parsed.allExemplars).toBe(true);
    expect(warnings).toHaveLength(9);
    expect(parse([1]).warnings).toEqual(['jsonData is not an object and was ignored.']);
  });

  it('accepts methods in any case and refuses others', () => {
    expect(parse({ httpMethod: ' get ' }).settings.httpMethod).toBe('GET');
    expect(() => parse({ httpMethod: 'PUT' })).toThrow('Invalid httpMethod "PUT": must be GET or POST');
  });

  // [Q7.12]
  it('adds thresholds to the custom parameters, and keeps the query its own', () => {
    const { settings: parsed, warnings } = parse({
      customQueryParameters: '?a=1&a=2&query=evil&max_samples_processed_error_threshold=1',
      maxSamplesProcessedErrorThreshold: 7.5,
      maxSamplesProcessedWarningThreshold: 0,
    });
    expect(parsed.customParameters).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['max_samples_processed_error_threshold', '7'],
    ]);
    expect(warnings).toEqual([expect.stringContaining('"query"')]);
  });

  it('takes the response limit from Grafana', () => {
    expect(parse({}, { grafanaConfig: { GF_RESPONSE_LIMIT: '1000' } }).settings.responseLimitBytes).toBe(1000);
    expect(parse({}, { grafanaConfig: { GF_RESPONSE_LIMIT: '0' } }).warnings).toEqual([]);
    expect(parse({}, { grafanaConfig: { GF_RESPONSE_LIMIT: 'x' } }).warnings).toHaveLength(1);
  });
});

describe('secrets', () => {
  // [Q7.16]
  it('reads custom headers up to the first gap, and names those it cannot send', () => {
    const { settings: parsed, warnings } = parse(
      {
        httpHeaderName1: 'X-A',
        httpHeaderName2: 'X-B',
        httpHeaderName3: 'X-C',
        httpHeaderName4: 'Bad Name',
        httpHeaderName6: 'X-F',
      },
      {
        secrets: {
          httpHeaderValue1: 'a',
          httpHeaderValue3: 'geheim\r\nX: y',
          httpHeaderValue4: 'd',
          httpHeaderValue6: 'f',
        },
      }
    );
    expect(parsed.headers).toEqual({ 'x-a': 'a' });
    expect(warnings).toHaveLength(3);
    expect(warnings.join()).not.toContain('geheim');
  });

  // [Q7.17]
  it('prefers basic auth to the old user and password, and warns where it beats OAuth', () => {
    const secrets = { basicAuthPassword: 'p1', password: 'p2' };
    const over = { user: 'old', basicAuthEnabled: true, basicAuthUser: 'new', secrets };
    const { settings: parsed, warnings } = parse({ oauthPassThru: true }, over);
    expect(parsed.basicAuth).toEqual({ user: 'new', password: 'p1' });
    expect(warnings).toEqual([expect.stringContaining('OAuth')]);
    expect(parse({}, { ...over, basicAuthEnabled: false }).settings.basicAuth).toEqual({ user: 'old', password: 'p2' });
  });

  // [Q2.2]
  it('uses certificates and server name only where they are switched on', () => {
    const secrets = { tlsCACert: 'ca', tlsClientCert: 'cert', tlsClientKey: 'key' };
    expect(parse({ serverName: 's' }, { secrets }).settings.tls).toEqual({});
    expect(parse({ serverName: 's', tlsAuthWithCACert: true, tlsSkipVerify: true }, { secrets }).settings.tls).toEqual({
      skipVerify: true,
      serverName: 's',
      ca: 'ca',
    });
    expect(parse({ tlsAuth: true }, { secrets }).settings.tls).toEqual({ cert: 'cert', key: 'key' });
    expect(parse({ tlsAuth: true, tlsAuthWithCACert: true }).warnings).toHaveLength(2);
  });

  it('says what is not supported', () => {
    expect(parse({ sigV4Auth: true, enableSecureSocksProxy: true }).warnings).toHaveLength(2);
  });
});

describe('plainPrometheusSettings', () => {
  it('takes user and password from options or the URL', () => {
    expect(plainPrometheusSettings('http://u:p@prom').basicAuth).toEqual({ user: 'u', password: 'p' });
    expect(plainPrometheusSettings('http://u:p@prom', { bearerToken: 't' }).basicAuth).toBeUndefined();
    expect(plainPrometheusSettings('http://prom', { headers: { 'X-Scope-OrgID': 'a' } }).headers).toEqual({
      'x-scope-orgid': 'a',
    });
    expect(() =>
      plainPrometheusSettings('http://prom', { bearerToken: 't', basicAuth: { user: 'u', password: 'p' } })
    ).toThrow('together');
  });
});
