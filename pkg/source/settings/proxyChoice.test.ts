import { chooseProxy } from './proxyChoice';

const proxies = { httpProxy: 'http://proxy:3128', httpsProxy: 'secure-proxy:8080' };
const chosen = (origin: string, noProxy = ''): string | undefined => chooseProxy(origin, { ...proxies, noProxy })?.host;

describe('chooseProxy', () => {
  it('chooses by the scheme of the target', () => {
    expect(chosen('http://prom:9090')).toBe('proxy:3128');
    expect(chosen('https://prom')).toBe('secure-proxy:8080');
    expect(chooseProxy('http://prom', {})).toBeUndefined();
  });

  it.each(['http://localhost:9090', 'http://127.0.0.1:9090', 'http://[::1]:9090'])('never proxies %s', (origin) => {
    expect(chosen(origin)).toBeUndefined();
  });

  it.each([
    ['*', true],
    ['prom.example.org', true],
    ['example.org', true],
    ['.example.org', true],
    ['*.example.org', true],
    ['ample.org', false],
    ['prom.example.org:9090', true],
    ['prom.example.org:9091', false],
    [' other , prom.example.org ', true],
    ['10.0.0.0/8', false],
    ['', false],
  ])('exempts by NO_PROXY=%s: %s', (noProxy, exempt) => {
    expect(chosen('http://prom.example.org:9090', noProxy) === undefined).toBe(exempt);
  });

  it('exempts addresses and ranges', () => {
    expect(chosen('http://10.1.2.3:9090', '10.0.0.0/8')).toBeUndefined();
    expect(chosen('http://11.1.2.3:9090', '10.0.0.0/8,10.0.0.0/99,x/1')).toBe('proxy:3128');
    expect(chosen('http://[fd00::1]', 'fd00::/8')).toBeUndefined();
    expect(chosen('http://[fd00::1]', 'fd00::1')).toBeUndefined();
  });
});
