import { createHash, timingSafeEqual } from 'node:crypto';
import net from 'node:net';
import { PromkeepError } from '../core/model/errors';

export interface AccessPolicy {
  host: string;
  token?: string;
  basicAuth?: { user: string; password: string };
  /** Names, besides the usual ones, under which browsers may reach the server. */
  allowedHosts: readonly string[];
}

/**
 * Whether a request carries the secret: `Authorization: Bearer <token>`, basic auth as configured, or basic auth with the token as
 * password (so that a browser can ask for it). True when no secret is configured.
 */
export function isAuthorized(policy: AccessPolicy, authorization: string | undefined): boolean {
  const { token, basicAuth } = policy;
  if (token === undefined && !basicAuth) {
    return true;
  }
  const [, scheme, rest = ''] = /^(\w+) +(\S.*)?$/.exec(authorization ?? '') ?? [];
  if (scheme?.toLowerCase() === 'bearer') {
    return token !== undefined && sameSecret(rest, token);
  }
  if (scheme?.toLowerCase() !== 'basic') {
    return false;
  }
  const decoded = Buffer.from(rest, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const [user, password] = [decoded.slice(0, Math.max(0, colon)), decoded.slice(colon + 1)];
  const asToken = token !== undefined && sameSecret(password, token);
  // Both halves are always compared, so that the time tells nothing about the user name.
  const userFits = basicAuth !== undefined && sameSecret(user, basicAuth.user);
  const passwordFits = basicAuth !== undefined && sameSecret(password, basicAuth.password);
  return asToken || (userFits && passwordFits);
}

/** Constant-time: hashes have one length, whatever the secrets'. */
function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/**
 * Refuses requests that a foreign page made through the user's browser. The name in `Host` must be one this server goes by: an
 * address, localhost, the configured host or one of `allowedHosts`; a name that an attacker lets point here (DNS rebinding) is
 * none of these. `Origin`, where sent, must be the same host.
 */
export function checkBrowserHeaders(
  policy: AccessPolicy,
  headers: Readonly<Record<string, string | string[] | undefined>>
): void {
  const host = single(headers.host);
  const name = host === undefined ? undefined : hostName(host);
  if (name === undefined || !isOwnName(policy, name)) {
    throw new PromkeepError(
      'FORBIDDEN',
      'This server does not go by the name in the Host header; add the name to server.allowed_hosts.'
    );
  }
  const origin = single(headers.origin);
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
    throw new PromkeepError('FORBIDDEN', 'Requests from pages of other origins are not answered.');
  }
  if (single(headers['sec-fetch-site']) === 'cross-site' && single(headers['sec-fetch-mode']) !== 'navigate') {
    throw new PromkeepError('FORBIDDEN', 'Requests from pages of other sites are not answered.');
  }
}

function isOwnName({ host, allowedHosts }: AccessPolicy, name: string): boolean {
  if (net.isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) {
    return true;
  }
  return [host, ...allowedHosts].some((own) => own.toLowerCase() === name);
}

/** The name in a Host header, lower case, without port and brackets. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d+)?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1].toLowerCase();
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
