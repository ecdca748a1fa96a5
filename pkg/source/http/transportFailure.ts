import { PromkeepError } from '../../core/model/errors';
import { isUnpackingCode } from './bodyDecoding';
import { isRecord } from '../../../src/contract/lenient';

/** How far a request had come when it failed. */
export interface Progress {
  /** `host:port` being talked to. */
  host: string;
  /** The head of the answer has arrived. */
  answered: boolean;
  /** Bytes of the answer's body, unpacked. */
  bytes: number;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused; is it running, and is the port right?',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed; set the CA certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate comes from an unknown CA; set the CA certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate comes from an unknown CA; set the CA certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its TLS certificate comes from an unknown CA; set the CA certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host name; set the server name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS; should the URL start with http://?',
  EPROTO: 'TLS could not be agreed on',
};

/** What undici or Node threw, as ours; the text names host and port only. */
export function describeTransportFailure(error: unknown, { host, answered, bytes }: Progress): PromkeepError {
  if (error instanceof PromkeepError) {
    return error;
  }
  const code = codeOf(error);
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return new PromkeepError('SOURCE_TIMEOUT', `Cannot connect to ${host} in time.`, { cause: error });
  }
  if (code === 'UND_ERR_BODY_TIMEOUT') {
    const text = `${host} stopped in the middle of its answer, after ${bytes} bytes.`;
    return new PromkeepError('SOURCE_TIMEOUT', text, { cause: error });
  }
  if (isUnpackingCode(code)) {
    const text = `The packed answer of ${host} is damaged or cut off after ${bytes} bytes.`;
    return new PromkeepError('SOURCE_NOT_PROMETHEUS', text, { cause: error });
  }
  if (code.startsWith('HPE_')) {
    return new PromkeepError('SOURCE_NOT_PROMETHEUS', `${host} does not speak HTTP (${code}).`, { cause: error });
  }
  const words = WORDS[code] ?? (/CERT|TLS|SSL/.test(code) ? `TLS failed (${code})` : code || 'the request failed');
  const text = answered
    ? `The connection to ${host} broke off after ${bytes} bytes of the answer.`
    : `Cannot reach ${host}: ${words}.`;
  return new PromkeepError('SOURCE_UNREACHABLE', text.replace(/\?\.$/, '?'), { cause: error });
}

/** The code of an error, or of the first with one inside an aggregate (a host name with several addresses). */
function codeOf(error: unknown): string {
  const { code, errors, cause } = isRecord(error) ? error : {};
  if (typeof code === 'string') {
    return code;
  }
  const inner: unknown[] = Array.isArray(errors) ? errors : [cause];
  return inner.map((one) => (one === undefined ? '' : codeOf(one))).find((one) => one !== '') ?? '';
}
