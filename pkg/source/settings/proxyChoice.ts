import { BlockList, isIP } from 'node:net';
import { type ProxySettings } from './prometheusSettings';
import { isLoopback } from './sourceUrl';

/**
 * The proxy for an origin under HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go reads them: loopback is never proxied; NO_PROXY
 * lists `*`, hosts (which include their subdomains), `.suffixes`, addresses and CIDR ranges, each with an optional port.
 */
export function chooseProxy(origin: string, { httpProxy, httpsProxy, noProxy }: ProxySettings): URL | undefined {
  const url = new URL(origin);
  const proxy = (url.protocol === 'https:' ? httpsProxy : httpProxy)?.trim();
  if (!proxy || isLoopback(origin)) {
    return undefined;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const exempt = (noProxy ?? '').split(',').some((entry) => matches(entry.trim().toLowerCase(), host, port));
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  return !exempt && URL.canParse(text) ? new URL(text) : undefined;
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '' || entry === '*') {
    return entry === '*';
  }
  if (entry.includes('/')) {
    return inRange(entry, host);
  }
  const [, name, entryPort] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (entryPort !== undefined && entryPort !== port) {
    return false;
  }
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '');
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function inRange(entry: string, host: string): boolean {
  const [network, bits] = entry.split('/');
  const family = isIP(network);
  const prefix = Number(bits);
  if (
    family === 0 ||
    family !== isIP(host) ||
    !Number.isInteger(prefix) ||
    prefix < 0 ||
    prefix > (family === 4 ? 32 : 128)
  ) {
    return false;
  }
  const range = new BlockList();
  range.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return range.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
