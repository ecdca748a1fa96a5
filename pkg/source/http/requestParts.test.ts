import { plainPrometheusSettings, type PrometheusSettings } from '../settings/prometheusSettings';
import { makeRedactor } from './redaction';
import { composeRequest } from './requestParts';

const base: PrometheusSettings = {
  ...plainPrometheusSettings('http://prom:9090/prefix/?own=1'),
  customParameters: [
    ['token', 'geheimer-token'],
    ['dup', 'custom'],
    ['own', '2'],
  ],
};
const form = (): URLSearchParams => new URLSearchParams({ query: 'a b', dup: 'asked', end: '2' });

describe('composeRequest', () => {
  // [Q7.12]
  it('puts a sorted form into the body of a POST, and URL and custom parameters into the query, each once', () => {
    const request = composeRequest(base, { method: 'POST', path: 'api/v1/query', parameters: form() }, {});
    expect(request.target).toBe('/prefix/api/v1/query?own=1&token=geheimer-token&dup=custom');
    expect(request.body).toBe('end=2&query=a+b');
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  // [Q2.1]
  it('puts everything into the query of a GET', () => {
    const request = composeRequest(base, { method: 'GET', path: 'api/v1/query', parameters: form() }, {});
    expect(request.target).toBe('/prefix/api/v1/query?dup=custom&end=2&own=1&query=a+b&token=geheimer-token');
    expect(request.body).toBeUndefined();
  });

  // [Q2.3]
  it('lets custom headers win over basic auth, and that over forwarded ones', () => {
    const call = { method: 'GET', path: 'x', parameters: new URLSearchParams() } as const;
    const forwarded = {
      authorization: 'Bearer user',
      'x-a': 'user',
      'x-b': 'user',
      host: 'evil',
      'accept-encoding': 'br',
    };
    const withAuth = { ...base, basicAuth: { user: 'u', password: 'p' } };
    expect(composeRequest(base, call, forwarded).headers.authorization).toBe('Bearer user');
    expect(composeRequest(withAuth, call, forwarded).headers.authorization).toBe('Basic dTpw');
    const { headers } = composeRequest(
      { ...withAuth, headers: { authorization: 'Own', 'x-a': 'own' } },
      call,
      forwarded
    );
    expect(headers).toMatchObject({ authorization: 'Own', 'x-a': 'own', 'x-b': 'user', 'accept-encoding': 'gzip' });
    expect(headers).not.toHaveProperty('host');
  });

  it('asks a server on this machine not to pack', () => {
    for (const url of ['http://localhost:9090', 'http://127.0.0.1', 'http://[::1]:1']) {
      const call = { method: 'GET', path: 'x', parameters: new URLSearchParams() } as const;
      expect(composeRequest(plainPrometheusSettings(url), call, {}).headers['accept-encoding']).toBe('identity');
    }
  });

  it('leaves out forwarded values that HTTP does not allow', () => {
    const call = { method: 'GET', path: 'x', parameters: new URLSearchParams() } as const;
    expect(composeRequest(base, call, { 'x-a': 'a\r\nb', 'x-b': '☃' }).headers).not.toHaveProperty('x-a');
  });
});

describe('makeRedactor', () => {
  // [Q7.2]
  it('blanks secrets, plain, encoded, and those the user brought', () => {
    const settings = { ...base, basicAuth: { user: 'u', password: 'pa ss&1' }, headers: { 'x-key': 'key-geheim' } };
    const redact = makeRedactor(settings, { authorization: 'Bearer user-token', cookie: 'sid=abcdef' });
    const basic = Buffer.from('u:pa ss&1').toString('base64');
    const text = `pa ss&1 pa%20ss%261 pa+ss%261 ${basic} key-geheim geheimer-token user-token sid=abcdef rest`;
    expect(redact(text)).toBe('*** *** *** *** *** *** *** *** rest');
  });

  it('leaves short parameters, which are no secrets, in the text', () => {
    const redact = makeRedactor({ ...base, customParameters: [['partial_response', 'true']] });
    expect(redact('true story')).toBe('true story');
  });
});
