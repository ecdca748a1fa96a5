import fs from 'node:fs';
import path from 'node:path';
import { PromkeepError } from '../core/model/errors';
import { DEFAULT_DEFINITIONS } from '../core/manage/defaultDefinitions';
import { SUMMARY_DEFAULTS } from '../core/summary/summaryDefaults';
import { type Config } from './config';
import { ENVIRONMENT } from './environment';
import { loadConfig } from './loadConfig';
import { FILE_SCHEMA } from './schema';
import { keysAt } from './schemaKeys';

const root = path.resolve(__dirname, '../..');

function load(text: string, environment: Record<string, string> = {}, files: Record<string, string> = {}): Config {
  return loadConfig({
    file: { name: 'promkeep.yaml', text },
    environment,
    readFile: (name) => {
      if (files[name] === undefined) {
        throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      }
      return files[name];
    },
    defaults: { recordedQueries: DEFAULT_DEFINITIONS, summaryMetrics: SUMMARY_DEFAULTS },
  });
}

function faultsOf(
  text: string,
  environment: Record<string, string> = {},
  files: Record<string, string> = {}
): string[] {
  try {
    load(text, environment, files);
  } catch (error) {
    expect(error).toBeInstanceOf(PromkeepError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as PromkeepError).message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''));
  }
  throw new Error('the configuration was accepted');
}

describe('defaults', () => {
  it('listens on loopback port 5000, asks the local Prometheus, and has no archive', () => {
    const config = load('');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 5000 });
    expect(config.prometheus).toMatchObject({ url: 'http://127.0.0.1:9090', method: 'POST', timeoutMs: 30_000 });
    expect(config.archive).toBeUndefined();
    expect(config.recordedQueries).toEqual(DEFAULT_DEFINITIONS);
    expect(config.summaryMetrics).toEqual(SUMMARY_DEFAULTS);
  });

  it('settles after 2.2 scrapes and a timeout unless told otherwise', () => {
    const environment = { PROMKEEP_DATABASE_URL: 'postgres://u@h/d' };
    expect(load('', environment).archive?.settleMs).toBe(43_000);
    expect(load('prometheus: {scrape_interval: 5s, scrape_timeout: 1s}', environment).archive?.settleMs).toBe(12_000);
    expect(load('archive: {settle: 0s}', environment).archive?.settleMs).toBe(0);
  });
});

it('leaves the rollups as the archive has them unless the file names them', () => {
  const environment = { PROMKEEP_DATABASE_URL: 'postgres://u@h/d' };
  expect(load('', environment).archive).toMatchObject({ maxSeries: 10_000, wishes: {} });
  const { archive } = load('archive: {hourly_rollups: none, max_series: 50000}', environment);
  expect(archive).toMatchObject({ maxSeries: 50_000, wishes: { fiveMinutes: undefined, hours: 'none' } });
});

it('takes the engine as a URL, from the environment, or with the keys of prometheus', () => {
  expect(load('').server.engine).toBeUndefined();
  expect(load('server: {engine: http://reader:9090}').server.engine).toMatchObject({ url: 'http://reader:9090' });
  expect(load('', { PROMKEEP_ENGINE_URL: 'http://r' }).server.engine).toMatchObject({ url: 'http://r' });
  const { engine } = load('server: {engine: {url: http://r, bearer_token: x, timeout: 1m}}').server;
  expect(engine).toMatchObject({ url: 'http://r', bearerToken: 'x', timeoutMs: 60_000 });
  expect(faultsOf('server: {engine: reader}')).toEqual([expect.stringMatching(/^server.engine.url: must be a URL/)]);
  expect(faultsOf('server: {engine: {}}')).toEqual(['server.engine.url: is missing']);
  expect(faultsOf('server: {engine: {url: http://r, basic_auth: {user: u}}}')).toEqual([
    'server.engine.basic_auth: needs password or password_file',
  ]);
});

describe('the shipped example', () => {
  const text = fs.readFileSync(path.join(root, 'provisioning/promkeep/promkeep.yaml'), 'utf8');

  it('says what the defaults are', () => {
    const { recordedQueries, ...rest } = load(text);
    const { recordedQueries: defaults, ...others } = load('');
    expect(rest).toEqual(others);
    // What the demo keeps beside them.
    const everything = {
      name: 'everything',
      expression: '{__name__=~".+"}',
      raw: true,
      stepMs: 60_000,
      retention: '90d',
    };
    expect(recordedQueries).toEqual([...defaults, everything]);
  });

  it('stays valid when its commented keys are switched on', () => {
    const everything = text.replace(/^( *)# ( *(?:- )?[a-z_]+:.*|  +(?:- )?[a-z{].*)$/gm, '$1$2');
    const config = load(
      everything,
      { POSTGRES_PASSWORD: 'secret' },
      { '/run/secrets/prometheus-password': 'p', '/run/secrets/promkeep-token': '0123456789abcdef\n' }
    );
    expect(config.archive?.url).toContain(':secret@');
    expect(config.server).toMatchObject({ token: '0123456789abcdef', allowedHosts: ['metrics.example.org'] });
    expect(config.prometheus.basicAuth).toEqual({ user: 'promkeep', password: 'p' });
    expect(config.summaryMetrics.filter(({ key }) => key === 'cpu_usage')).toEqual([SUMMARY_DEFAULTS[0]]);
    expect(config.summaryMetrics.map(({ key }) => key)).toContain('pg_connection_share');
  });
});

describe('summary presets', () => {
  it('bring their metrics before those of the file, once each', () => {
    const text = `
summary:
  presets: [redis, postgres, redis]
  metrics:
    - {key: redis_clients, name: Clients, expr: up, aggregation: sum}
`;
    const { summaryMetrics } = load(text);
    const keys = summaryMetrics.map(({ key }) => key);
    expect(keys).toEqual([...new Set(keys)]);
    expect([keys[0], keys.at(-1)]).toEqual(['redis_memory', 'redis_clients']);
    expect(summaryMetrics.at(-1)).toMatchObject({ displayName: 'Clients', expr: 'up' });
  });

  it('must be known ones, and not nothing', () => {
    expect(faultsOf('summary: {presets: [oracle]}')).toEqual([
      'summary.presets[0]: must be one of node, postgres, mysql, redis, app',
    ]);
    expect(faultsOf('summary: {}')).toEqual(['summary: must name at least one metric or preset']);
  });
});

describe('faults', () => {
  it('lists every one of them with its path and what is allowed', () => {
    const text = `
prometheus:
  urll: http://x
  scrape_interval: 15
  method: PUT
server:
  port: 70000
  prot: 1
recorded_queries:
  - name: a b
    expr: up
    step: 10
    retention: soon
  - expr: ''
sumary: {}
`;
    expect(faultsOf(text)).toEqual([
      'prometheus.scrape_interval: must be text',
      'prometheus.method: must be one of GET, POST',
      'prometheus.urll: unknown key; allowed are url, scrape_interval, scrape_timeout, timeout, method, basic_auth, bearer_token, bearer_token_file, headers, tls',
      'server.port: must be between 0 and 65535',
      expect.stringMatching(/^server\.prot: unknown key; allowed are host, port, token, /),
      'recorded_queries[0].name: must look like a metric name: letters, digits, _ and :',
      'recorded_queries[0].step: must be text',
      'recorded_queries[0].retention: must be a number with d, w or y of at most 100 years, such as 30d, or forever',
      'recorded_queries[1].name: is missing',
      'recorded_queries[1].expr: must not be empty',
      'sumary: unknown key; allowed are prometheus, archive, server, recorded_queries, recorded_presets, summary',
    ]);
  });

  it('names every unknown key of a group, not only the first', () => {
    expect(faultsOf('server: {prot: 1, hots: a}').map((fault) => fault.split(';')[0])).toEqual([
      'server.prot: unknown key',
      'server.hots: unknown key',
    ]);
  });

  it('names the environment variable a wrong value came from', () => {
    expect(faultsOf('', { PROMKEEP_PORT: 'http', PROMETHEUS_URL: 'localhost:9090' })).toEqual([
      'prometheus.url (from PROMETHEUS_URL): must be a URL that begins with http:// or https://',
      'server.port (from PROMKEEP_PORT): must be a number',
    ]);
  });

  it('names the line of what is not YAML', () => {
    expect(faultsOf('server:\n  port: [1\n')[0]).toMatch(/^line \d+: this is not YAML: /);
    expect(faultsOf('server: {port: 1}\nserver: {port: 2}')[0]).toMatch(/^line 2: .*unique/);
  });

  it.each([
    ['- a', 'the file: must be a group of keys'],
    ['server: 5', 'server: must be a group of keys'],
    ['recorded_queries: {}', 'recorded_queries: must be a list'],
  ])('says what belongs where in %j', (text, fault) => {
    expect(faultsOf(text, { PROMKEEP_PORT: '1' })).toEqual([fault]);
  });

  it('records the metrics of presets beside the shipped queries, or beside the own ones', () => {
    const names = (text: string): string[] => load(text).recordedQueries.map(({ name }) => name);
    expect(names('recorded_presets: [{ preset: redis }]')).toEqual([
      ...DEFAULT_DEFINITIONS.map(({ name }) => name),
      'redis_memory',
      'redis_clients',
      'redis_command_rate',
      'redis_hit_rate',
    ]);
    const text = `
recorded_queries: [{ name: redis_clients, expr: max(redis_connected_clients) }]
recorded_presets: [{ preset: redis, step: 1m, retention: 30d }]
`;
    expect(names(text)).toEqual(['redis_clients', 'redis_memory', 'redis_command_rate', 'redis_hit_rate']);
    expect(load(text).recordedQueries[1]).toMatchObject({ stepMs: 60_000, retention: '30d' });
  });

  it('refuses expressions that cannot be recorded, and names that are there twice', () => {
    const text = `
recorded_queries:
  - {name: a, expr: 'up @ end()'}
  - {name: a, expr: up}
summary:
  metrics:
    - {key: k, name: K, expr: up, aggregation: sum, thresholds: [{value: 2, state: ok}, {value: 1, state: ok}]}
`;
    expect(faultsOf(text)).toEqual(['summary.metrics[0].thresholds: must ascend by value']);
    expect(faultsOf(text.split('summary')[0])).toEqual([
      expect.stringMatching(/^recorded_queries\[0\]\.expr: (a )?cannot be recorded: .*@ end\(\)/),
      'recorded_queries[1].name: a is there twice; names must differ',
    ]);
  });

  it('demands a secret on addresses that other machines can reach', () => {
    const fault = expect.stringMatching(/^server\.host( \(from PROMKEEP_HOST\))?: is reachable from other machines/);
    for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org']) {
      expect(faultsOf('', { PROMKEEP_HOST: host })).toEqual([fault]);
    }
    expect(load('', { PROMKEEP_HOST: '::1' }).server.host).toBe('::1');
    expect(load('', { PROMKEEP_HOST: '0.0.0.0', PROMKEEP_TOKEN: '0123456789abcdef' }).server.token).toBeDefined();
    expect(
      load('', { PROMKEEP_HOST: '0.0.0.0', PROMKEEP_USER: 'u', PROMKEEP_PASSWORD: 'p' }).server.basicAuth
    ).toBeDefined();
    expect(faultsOf('', { PROMKEEP_TOKEN: 'short' })).toEqual([
      'server.token (from PROMKEEP_TOKEN): must have at least 16 characters',
    ]);
  });
});

describe('secrets', () => {
  it('come from the environment, from files, or stand in the file', () => {
    const text = `
prometheus: {bearer_token_file: '\${DIR}/token', headers: {X-Key: '\${KEY}'}}
archive: {url: 'postgres://u@h/d', password_file: db}
`;
    const config = load(text, { DIR: '/run', KEY: 'k' }, { '/run/token': 'tok\n', db: 'pass word' });
    expect(config.prometheus).toMatchObject({ bearerToken: 'tok', headers: { 'X-Key': 'k' } });
    expect(config.archive?.password).toBe('pass word');
  });

  it('leaves PromQL alone', () => {
    const text = `recorded_queries: [{name: a, expr: 'up{x="\${HOME}"}'}]`;
    expect(load(text, { HOME: '/root' }).recordedQueries[0].expression).toBe('up{x="${HOME}"}');
  });

  it('says what is missing, and never repeats a value', () => {
    const text = `
prometheus: {basic_auth: {user: u}, bearer_token: hunter2}
archive: {url: 'mysql://u:hunter2@h/d', password: hunter2, password_file: db}
server: {token: '\${NOPE}', basic_auth: {user: u, password_file: gone}}
`;
    const faults = faultsOf(text);
    expect(faults).toEqual([
      'server.token: the environment variable NOPE is not set',
      'archive.password_file: cannot stand beside archive.password; keep one of the two',
      'archive.url: must begin with postgres:// or postgresql://',
      'prometheus.basic_auth: needs password or password_file',
      'prometheus: basic_auth and bearer_token exclude each other; keep one of the two',
      'server.basic_auth.password_file: the file gone cannot be read (ENOENT)',
      'server.token: must have at least 16 characters',
    ]);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('counts an empty variable as unset', () => {
    expect(load('server: {port: 6000}', { PROMKEEP_PORT: '', PROMKEEP_TOKEN: '' }).server).toMatchObject({
      port: 6000,
    });
  });
});

describe('docs/configuration.md', () => {
  const document = fs.readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');

  it('explains every key, and no key that is not there', () => {
    const rows = [...document.matchAll(/^\| `([a-z_.[\]]+)` +\|/gm)].map(([, key]) => key);
    expect(rows.filter((key) => /[._]/.test(key))).toEqual(listKeys());
  });

  it('names every environment variable', () => {
    const rows = [...document.matchAll(/^\| `(PROM[A-Z_]+)` +\| `([a-z_.]+)`/gm)].map(([, name, key]) => [name, key]);
    expect(rows).toEqual(ENVIRONMENT.map(({ name, path: key }) => [name, key.join('.')]));
  });
});

/** Every key as a path, `recorded_queries[].name` for keys of list entries. */
function listKeys(path: ReadonlyArray<string | number> = [], text = ''): string[] {
  if (keysAt(FILE_SCHEMA, [...path, 0]).length > 0) {
    return listKeys([...path, 0], `${text}[]`);
  }
  const keys = keysAt(FILE_SCHEMA, path);
  return keys.length === 0
    ? [text]
    : keys.flatMap((key) => listKeys([...path, key], text === '' ? key : `${text}.${key}`));
}
