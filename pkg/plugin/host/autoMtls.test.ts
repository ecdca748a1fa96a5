import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { pause, PluginRig } from '../../../tests/fakes/pluginRig';
import { loadProtocol } from '../protocol';
import { createOwnCertificate } from './selfSignedCertificate';
import { type RunningPlugin, servePlugin } from '../servePlugin';

const NOW_MS = Date.now();

describe('the certificate', () => {
  const { certificate, keyPem } = createOwnCertificate(NOW_MS);
  const parsed = new X509Certificate(certificate);

  it('is its own authority, for localhost, on P-256', () => {
    expect([parsed.subject, parsed.issuer, parsed.ca]).toEqual(['CN=localhost', 'CN=localhost', true]);
    expect(parsed.subjectAltName).toBe('DNS:localhost');
    expect(parsed.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
  });

  it('may be used by a server and by a client', () => {
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
  });

  it('is valid from a little before now, because clocks differ', () => {
    expect(NOW_MS - Date.parse(parsed.validFrom)).toBeGreaterThanOrEqual(60_000);
    expect(NOW_MS - Date.parse(parsed.validFrom)).toBeLessThan(62_000);
    expect(Date.parse(parsed.validTo)).toBeGreaterThan(NOW_MS + 9 * 365 * 86_400_000);
  });

  it('is a proper one in 2045 too, when its end has a year of four digits', () => {
    const later = new X509Certificate(createOwnCertificate(Date.UTC(2045, 0, 1)).certificate);
    expect(new Date(later.validTo).getUTCFullYear()).toBe(2054);
  });

  it('has another serial number each time, positive and of the same length', () => {
    const serials = Array.from(
      { length: 50 },
      () => new X509Certificate(createOwnCertificate(NOW_MS).certificate).serialNumber
    );
    expect(new Set(serials).size).toBe(50);
    expect(serials.every((serial) => /^[4-9A-F][0-9A-F]{31}$/.test(serial))).toBe(true);
  });
});

describe('a host that asks for AutoMTLS', () => {
  const host = createOwnCertificate(NOW_MS);
  const protocol = loadProtocol();
  let rig: PluginRig;
  let plugin: RunningPlugin;

  beforeEach(async () => {
    rig = new PluginRig();
    plugin = await servePlugin(rig.options({ clientCert: host.certificatePem }));
  });

  afterEach(() => plugin.stop(0));

  function shownCertificate(): string {
    const parts = rig.lines[0].trim().split('|');
    expect(parts).toHaveLength(6);
    return `-----BEGIN CERTIFICATE-----\n${parts[5]}${'='.repeat((4 - (parts[5].length % 4)) % 4)}\n-----END CERTIFICATE-----\n`;
  }

  function check(channel: ReturnType<typeof credentials.createSsl>): Promise<unknown> {
    const client = new Client(`unix:${plugin.socketPath}`, channel, { 'grpc.ssl_target_name_override': 'localhost' });
    const { path, requestSerialize, responseDeserialize } = protocol.service('grpc.health.v1.Health').Check;
    const deadline = { deadline: Date.now() + 5_000 };
    return new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        {},
        new Metadata(),
        deadline,
        (error, answer) => {
          client.close();
          return error ? reject(error) : resolve(answer);
        }
      )
    );
  }

  const trusting = (key?: string, certificate?: string) =>
    credentials.createSsl(
      Buffer.from(shownCertificate()),
      key ? Buffer.from(key) : null,
      certificate ? Buffer.from(certificate) : null
    );

  // [P2]
  it('finds the certificate in the handshake, in base64 without padding', () => {
    expect(rig.lines[0]).toMatch(/^1\|2\|unix\|[^|]+\|grpc\|[A-Za-z0-9+/]+\n$/);
    expect(new X509Certificate(shownCertificate()).subjectAltName).toBe('DNS:localhost');
  });

  it('is served with the certificate it announced', async () => {
    await expect(check(trusting(host.keyPem, host.certificatePem))).resolves.toEqual({ status: 1 });
  });

  it.each([
    ['has no certificate', () => trusting()],
    [
      'has another certificate',
      () => {
        const other = createOwnCertificate(NOW_MS);
        return trusting(other.keyPem, other.certificatePem);
      },
    ],
    ['does not encrypt', () => credentials.createInsecure()],
  ])('is the only one served: nobody who %s', async (_, channel) => {
    const failure: unknown = await check(channel()).catch((error: ServiceError) => error.code);
    expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain(failure);
    await pause(20);
    expect(rig.exits).toEqual([]);
  });
});
