import { PromkeepError } from '../../core/model/errors';
import { isOfTheQuery } from '../http/fixedParameters';

/** Where a Prometheus is, taken apart. */
export interface SourceUrl {
  /** `http://host:9090` */
  origin: string;
  /** `host:9090`, for messages. */
  host: string;
  /** It runs on this machine. */
  isLocal: boolean;
  /** `''` or `/prefix`, without a slash at the end. */
  basePath: string;
  /** The URL's own query parameters, without those that are a query's; they may hold tokens. */
  query: ReadonlyArray<readonly [name: string, value: string]>;
}

/** Takes a configured URL apart. Throws SETTINGS_INVALID with a text that shows no credentials. */
export function parseSourceUrl(text: string): {
  url: SourceUrl;
  userInfo?: { user: string; password: string };
} {
  const trimmed = text.trim();
  if (trimmed === '') {
    throw invalid('The URL of the Prometheus server is missing. Set it to an address such as http://localhost:9090.');
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(trimmed)?.[1].toLowerCase();
  if (scheme === undefined) {
    const host = hostIn(trimmed);
    throw invalid(`The Prometheus URL has no http:// or https:// in front: write http://${host} or https://${host}.`);
  }
  if (scheme !== 'http' && scheme !== 'https') {
    throw invalid(`The Prometheus URL starts with ${scheme}://, but must start with http:// or https://.`);
  }
  if (!URL.canParse(trimmed)) {
    throw invalid('The Prometheus URL cannot be read: check the host name and the port.');
  }
  const url = new URL(trimmed);
  return {
    url: {
      origin: url.origin,
      host: url.host,
      isLocal: isLoopback(url.origin),
      basePath: url.pathname.replace(/\/{2,}/g, '/').replace(/\/$/, ''),
      query: [...url.searchParams].filter(([name]) => !isOfTheQuery(name)),
    },
    userInfo: url.username ? { user: decodeUserInfo(url.username), password: decodeUserInfo(url.password) } : undefined,
  };
}

export function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** The host in a text that is no URL, without what may stand before or behind it. */
function hostIn(text: string): string {
  const host = text
    .replace(/^[/\s]+/, '')
    .split(/[/?#]/, 1)[0]
    .replace(/^.*@/s, '');
  return /^[\w.:[\]-]{1,200}$/.test(host) ? host : 'host:9090';
}

function decodeUserInfo(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function invalid(message: string): PromkeepError {
  return new PromkeepError('SETTINGS_INVALID', message);
}
