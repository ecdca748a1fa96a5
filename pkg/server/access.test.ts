import { checkBrowserHeaders, isAuthorized, type AccessPolicy } from './access';

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

describe('who may ask', () => {
  const policy: AccessPolicy = {
    host: '0.0.0.0',
    token: 'the-token-of-this-server',
    basicAuth: { user: 'ann', password: 'p:w' },
    allowedHosts: [],
  };

  it.each([
    ['the token', 'Bearer the-token-of-this-server'],
    ['the token, scheme in lower case', 'bearer the-token-of-this-server'],
    ['user and password', basic('ann', 'p:w')],
    ['the token as the password of anybody, as a browser sends it', basic('', 'the-token-of-this-server')],
  ])('lets %s in', (_, header) => {
    expect(isAuthorized(policy, header)).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['a wrong token', 'Bearer the-token-of-this-serve'],
    ['the password as token', 'Bearer p:w'],
    ['a wrong password', basic('ann', 'p')],
    ['a wrong user', basic('bob', 'p:w')],
    ['no colon', `Basic ${Buffer.from('ann').toString('base64')}`],
    ['another scheme', 'Digest x'],
  ])('keeps %s out', (_, header) => {
    expect(isAuthorized(policy, header)).toBe(false);
  });

  it('asks nobody when there is no secret', () => {
    expect(isAuthorized({ host: '127.0.0.1', allowedHosts: [] }, undefined)).toBe(true);
  });
});

describe('which pages may ask', () => {
  const policy: AccessPolicy = { host: 'promkeep.lan', allowedHosts: ['Metrics.Example.org'] };

  it.each([
    { host: '127.0.0.1:5000' },
    { host: 'localhost:8080' },
    { host: '[::1]:5000' },
    { host: '192.168.1.5' },
    { host: 'promkeep.lan:5000' },
    { host: 'metrics.example.ORG' },
    { host: 'localhost:5000', origin: 'http://localhost:5000', 'sec-fetch-site': 'same-origin' },
    { host: 'localhost:5000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  ])('answers %j', (headers) => {
    expect(() => checkBrowserHeaders(policy, headers)).not.toThrow();
  });

  it.each([
    [{ host: 'evil.example' }, 'allowed_hosts'],
    [{ host: 'localhost.evil.example' }, 'allowed_hosts'],
    [{ host: 'localhost:5000@evil.example' }, 'allowed_hosts'],
    [{}, 'allowed_hosts'],
    [{ host: 'localhost:5000', origin: 'http://evil.example' }, 'other origins'],
    [{ host: 'localhost:5000', origin: 'http://localhost:3000' }, 'other origins'],
    [{ host: 'localhost:5000', origin: 'null' }, 'other origins'],
    [{ host: 'localhost:5000', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 'other sites'],
  ])('refuses %j', (headers, text) => {
    expect(() => checkBrowserHeaders(policy, headers)).toThrow(text);
  });
});
