import { X509Certificate } from 'node:crypto';
import { PromkeepError } from '../../core/model/errors';
import { createOwnCertificate } from './selfSignedCertificate';

/** How the socket is protected: each side shows a certificate, and the other one knows it beforehand. PEM. */
export interface Protection {
  key: string;
  certificate: string;
  clientAuthority: string;
  /** DER of the certificate the host must expect. */
  announced: Buffer;
}

/**
 * AutoMTLS, if the host asks for it: both sides show a certificate made for this one process, and accept the other's alone.
 * TLS 1.2 is Node's own minimum. Grafana 12.4 does not ask.
 *
 * @param clientCert the host's certificate in PEM; without one there is no protection
 * @throws PromkeepError `SETTINGS_INVALID` when that is no certificate: serving it in the clear would betray the host
 */
export function protectionFor(clientCert: string | undefined, nowMs: number): Protection | undefined {
  if (!clientCert) {
    return undefined;
  }
  const clientAuthority = readCertificate(clientCert);
  const own = createOwnCertificate(nowMs);
  return { key: own.keyPem, certificate: own.certificatePem, clientAuthority, announced: own.certificate };
}

/** The first certificate of the text only: more than one authority is more than the host's. */
function readCertificate(pem: string): string {
  try {
    return new X509Certificate(pem).toString();
  } catch (cause) {
    throw new PromkeepError(
      'SETTINGS_INVALID',
      'The host asks for AutoMTLS, but what it says in PLUGIN_CLIENT_CERT is no certificate',
      { cause }
    );
  }
}
