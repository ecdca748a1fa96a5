import { faultOfCertificate, findArchiveFaults, isUnencryptedRemote } from './archiveValidation';

const complete = { archiveEnabled: true, archiveHost: 'db:5432', archiveDatabase: 'promkeep', archiveUser: 'keeper' };

describe('faults in the archive settings', () => {
  it('are none when the required fields are there, or the archive is off', () => {
    expect(findArchiveFaults(complete)).toEqual({});
    expect(findArchiveFaults({ archiveHost: 'http://x' })).toEqual({});
  });

  it('name every required field that is missing', () => {
    expect(Object.keys(findArchiveFaults({ archiveEnabled: true }))).toEqual([
      'archiveHost',
      'archiveDatabase',
      'archiveUser',
    ]);
  });

  it.each(['db', 'db.example.org:6432', '127.0.0.1', '[::1]', '[fe80::1]:5432'])(
    'accept the host %s',
    (archiveHost) => {
      expect(findArchiveFaults({ ...complete, archiveHost })).toEqual({});
    }
  );

  it.each([
    ['postgres://db', 'without a scheme'],
    ['db:0', 'between 1 and 65535'],
    ['db:70000', 'between 1 and 65535'],
    ['::1', 'brackets'],
    ['db/promkeep', 'host or host:port'],
    ['me@db', 'host or host:port'],
    [' db', 'host or host:port'],
  ])('refuse the host %s', (archiveHost, message) => {
    expect(findArchiveFaults({ ...complete, archiveHost }).archiveHost).toContain(message);
  });

  it('refuse names PostgreSQL would cut off, counted in bytes', () => {
    expect(findArchiveFaults({ ...complete, archiveSchema: 'a'.repeat(63) })).toEqual({});
    expect(findArchiveFaults({ ...complete, archiveSchema: 'ä'.repeat(32) }).archiveSchema).toContain('63 bytes');
    expect(findArchiveFaults({ ...complete, archiveSourceName: 'x '.trim() + ' ' }).archiveSourceName).toContain(
      'white'
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 1e300])('refuse the limit %s', (limit) => {
    expect(findArchiveFaults({ ...complete, archiveKeepMaxSeries: limit }).archiveKeepMaxSeries).toContain(
      'whole number'
    );
  });
});

describe('the hint on unencrypted connections', () => {
  it.each([
    ['db', undefined, true],
    ['db:5432', 'disable', true],
    ['db:5432', 'verify-full', false],
    ['127.0.0.1:5432', 'disable', false],
    ['localhost', undefined, false],
    ['[::1]:5432', undefined, false],
  ] as const)('for %s with %s is %s', (archiveHost, archiveSslMode, expected) => {
    expect(isUnencryptedRemote({ ...complete, archiveHost, archiveSslMode })).toBe(expected);
  });
});

describe('the certificate', () => {
  it('is a whole PEM block or nothing', () => {
    expect(faultOfCertificate('')).toBeUndefined();
    expect(faultOfCertificate('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n')).toBeUndefined();
    expect(faultOfCertificate('MIIB')).toContain('PEM');
    expect(faultOfCertificate('-----BEGIN CERTIFICATE-----\nMIIB')).toContain('PEM');
  });
});
