import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { bits, der, isTrue, objectId, octets, sequence, set, tagged, time, unsigned, utf8 } from './derWriter';

/** A certificate that is its own authority, and its key. */
export interface OwnCertificate {
  /** DER */
  certificate: Buffer;
  /** PEM of the same. */
  certificatePem: string;
  keyPem: string;
}

/** go-plugin connects to this name whatever the address. */
const SERVER_NAME = 'localhost';
const CLOCK_SKEW_MS = 60_000;
/** No renewal while a process runs; the key never leaves it. */
const VALID_MS = 10 * 365 * 86_400_000;

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectAltName: '2.5.29.17',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/**
 * A new key on P-256 and a self-signed X.509 v3 certificate for it, as AutoMTLS wants: the host takes this very certificate
 * for the only authority. Takes about 2 ms.
 *
 * @param nowMs Unix milliseconds
 */
export function createOwnCertificate(nowMs: number): OwnCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = toBeSigned(publicKey.export({ type: 'spki', format: 'der' }), nowMs);
  const certificate = sequence(content, algorithm(), bits(sign('sha256', content, privateKey)));
  return {
    certificate,
    certificatePem: toPem(certificate),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function toBeSigned(publicKey: Uint8Array, nowMs: number): Buffer {
  const version3 = tagged(0, unsigned(Buffer.of(2)));
  const validity = sequence(time(nowMs - CLOCK_SKEW_MS), time(nowMs + VALID_MS));
  return sequence(version3, unsigned(serial()), algorithm(), name(), validity, name(), publicKey, extensions());
}

function algorithm(): Buffer {
  return sequence(objectId(OID.ecdsaWithSha256));
}

function name(): Buffer {
  return sequence(set(sequence(objectId(OID.commonName), utf8(SERVER_NAME))));
}

/** Random, and without the zero byte that a number must not begin with. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] |= 0x40;
  return bytes;
}

function extensions(): Buffer {
  // bits 0, 2, 4 and 5: digitalSignature, keyEncipherment, keyAgreement, keyCertSign
  const keyUsage = bits(Buffer.of(0b1010_1100), 2);
  const dnsName = der(0x82, Buffer.from(SERVER_NAME));
  return tagged(
    3,
    sequence(
      extension(OID.keyUsage, keyUsage, isTrue()),
      extension(OID.basicConstraints, sequence(isTrue()), isTrue()),
      extension(OID.extendedKeyUsage, sequence(objectId(OID.clientAuth), objectId(OID.serverAuth))),
      extension(OID.subjectAltName, sequence(dnsName))
    )
  );
}

function extension(id: string, value: Buffer, ...critical: Buffer[]): Buffer {
  return sequence(objectId(id), ...critical, octets(value));
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
