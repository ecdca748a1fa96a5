import { RECORDING_LIMITS } from '../../../src/contract/settings';
import { type DatasourceSettings } from '../../core/ports/datasource';
import { parseArchiveSettings, splitHost } from './archiveSettings';

function settings(jsonData: unknown, secrets: Record<string, string> = {}): DatasourceSettings {
  return {
    uid: 'u',
    name: 'n',
    orgId: 7,
    url: '',
    user: '',
    basicAuthEnabled: false,
    basicAuthUser: '',
    jsonData,
    secrets,
    grafanaConfig: {},
  };
}

const on = { archiveEnabled: true, archiveHost: 'db', archiveDatabase: 'promkeep', archiveUser: 'me' };

describe('parseArchiveSettings', () => {
  it.each([
    [undefined],
    [null],
    ['text'],
    [[]],
    [{}],
    [{ ...on, archiveEnabled: false }],
    [{ ...on, archiveEnabled: 'true' }],
  ])('is off for %j', (jsonData) => {
    expect(parseArchiveSettings(settings(jsonData))).toBeUndefined();
  });

  it('gives defaults to everything but where the archive is', () => {
    expect(parseArchiveSettings(settings(on))).toEqual({
      connection: { host: 'db', port: 5432, database: 'promkeep', user: 'me', sslMode: 'disable' },
      source: { orgId: 7, name: 'default' },
      keep: { allowed: false, retention: '30d', maxRowsPerDay: 1_000_000, maxSeries: 1_000 },
      recording: { allowed: false, maxSeries: 10_000, limits: RECORDING_LIMITS, probe: 'count(up)' },
    });
  });

  it('reads everything', () => {
    const json = {
      ...on,
      archiveHost: 'db:6432',
      archiveSslMode: 'verify-full',
      archiveSchema: 'obs',
      archiveSourceName: 'berlin',
      archiveAllowKeep: true,
      archiveKeepRetention: '1y',
      archiveKeepMaxRowsPerDay: '5000',
      archiveKeepMaxSeries: 20.7,
      archiveAllowRecording: true,
      archiveRecordMaxSeries: 50,
      archiveRecordMaxQueries: 1,
      archiveRecordMaxTotalSeries: '2',
      archiveRecordMaxSamplesPerDay: 3,
      archiveRecordOrgMaxQueries: 4,
      archiveRecordOrgMaxSeries: 5,
      archiveRecordOrgMaxSamplesPerDay: 'many',
      archiveSettle: '1m',
      archiveProbe: 'count(node_load1)',
    };
    expect(parseArchiveSettings(settings(json, { archivePassword: 'secret', archiveCaCert: 'PEM' }))).toEqual({
      connection: {
        host: 'db',
        port: 6432,
        database: 'promkeep',
        user: 'me',
        password: 'secret',
        sslMode: 'verify-full',
        caCert: 'PEM',
        schema: 'obs',
      },
      source: { orgId: 7, name: 'berlin' },
      keep: { allowed: true, retention: '1y', maxRowsPerDay: 5000, maxSeries: 20 },
      recording: {
        allowed: true,
        maxSeries: 50,
        limits: {
          source: { queries: 1, series: 2, samplesPerDay: 3 },
          organisation: { queries: 4, series: 5, samplesPerDay: RECORDING_LIMITS.organisation.samplesPerDay },
        },
        settleMs: 60_000,
        probe: 'count(node_load1)',
      },
    });
  });

  it('names all missing fields at once', () => {
    expect(() => parseArchiveSettings(settings({ archiveEnabled: true, archiveHost: ' ' }))).toThrow(
      'host, database, user is missing'
    );
  });

  it('never takes an unusable limit for "no limit"', () => {
    const json = { ...on, archiveKeepMaxRowsPerDay: 'many', archiveKeepMaxSeries: -1 };
    expect(parseArchiveSettings(settings(json))?.keep).toMatchObject({ maxRowsPerDay: 1_000_000, maxSeries: 1_000 });
  });
});

it.each([
  ['db', 'db', 5432],
  ['db:6432', 'db', 6432],
  ['10.0.0.1:5433', '10.0.0.1', 5433],
  ['[::1]:5433', '::1', 5433],
  ['::1', '::1', 5432],
  ['/run/postgresql', '/run/postgresql', 5432],
])('splitHost reads %s', (text, host, port) => {
  expect(splitHost(text)).toEqual({ host, port });
});

describe('recorded queries', () => {
  const recording = (json: object) => parseArchiveSettings(settings({ ...on, ...json }))?.recording;

  it('are allowed by the switch alone, and never by something that looks like it', () => {
    expect(recording({ archiveAllowRecording: true })?.allowed).toBe(true);
    expect(recording({ archiveAllowRecording: 'true' })?.allowed).toBe(false);
  });

  it('settle after the time that is set, or by default', () => {
    expect(recording({ archiveSettle: '1m30s' })?.settleMs).toBe(90_000);
    expect(recording({ archiveSettle: 'soon' })?.settleMs).toBeUndefined();
  });
});
