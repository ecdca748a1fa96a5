import { ServerCredentials } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';
import { PromkeepError } from '../core/errors';
import { createOwnCertificate } from './selfSignedCertificate';

/** How the socket is protected. */
export interface Protection {
  credentials: ServerCredentials;
  /** DER of the certificate the host must expect; `undefined`: no encryption. */
  certificate?: Buffer;
}

/**
 * AutoMTLS, if the host asks for it: both sides show a certificate made for this one process, and accept the other's alone.
 * TLS 1.2 is Node's own minimum. Grafana 12.4 does not ask.
 *
 * @param clientCert the host's certificate in PEM
 * @throws PromkeepError `SETTINGS_INVALID` when that is no certificate: serving it in the clear would betray the host
 */
export function protectionFor(clientCert: string | undefined, nowMs: number): Protection {
  if (!clientCert) {
    return { credentials: ServerCredentials.createInsecure() };
  }
  const authority = readCertificate(clientCert);
  const own = createOwnCertificate(nowMs);
  const pair = { private_key: Buffer.from(own.keyPem), cert_chain: Buffer.from(own.certificatePem) };
  return { credentials: ServerCredentials.createSsl(authority, [pair], true), certificate: own.certificate };
}

/** The first certificate of the text only: more than one authority is more than the host's. */
function readCertificate(pem: string): Buffer {
  try {
    return Buffer.from(new X509Certificate(pem).toString());
  } catch (cause) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      'The host asks for AutoMTLS, but what it says in PLUGIN_CLIENT_CERT is no certificate',
      { cause }
    );
  }
}
