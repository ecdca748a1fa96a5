import { basicAuthorization } from './requestParts';
import { type PrometheusSettings } from '../settings/prometheusSettings';

/** Blanking shorter texts would make nonsense of messages, and tell by the gaps what the secret is. */
const SHORTEST_SECRET = 4;
/** Parameters are often no secrets (`partial_response=true`); tokens are longer than this. */
const SHORTEST_TOKEN = 8;
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'x-id-token', 'x-grafana-id'];

/**
 * Blanks secrets in texts of the other side: proxies print the URL they were asked for, with its tokens, into error pages.
 *
 * @returns a function that replaces every secret, plain or as it stands in a URL, by `***`
 */
export function makeRedactor(
  settings: PrometheusSettings,
  forwarded: Readonly<Record<string, string>> = {}
): (text: string) => string {
  const { basicAuth, bearerToken, headers, customParameters, url } = settings;
  const secrets = [
    ...(basicAuth ? [basicAuth.password, basicAuthorization(basicAuth).slice('Basic '.length)] : []),
    bearerToken ?? '',
    ...Object.values(headers),
    ...[...customParameters, ...url.query].map(([, value]) => (value.length >= SHORTEST_TOKEN ? value : '')),
    ...CREDENTIAL_HEADERS.map((name) => (forwarded[name] ?? '').replace(/^(Bearer|Basic) /i, '')),
  ].filter((secret) => secret.length >= SHORTEST_SECRET);
  const forms = [...new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret), encodeForm(secret)]))];
  // longest first, so that a secret within another one leaves no rest
  forms.sort((a, b) => b.length - a.length);
  return (text) => forms.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

function encodeForm(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
