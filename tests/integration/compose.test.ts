import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';

/** No Docker engine runs the file here, so what can be checked without one is checked. */
const root = path.resolve(__dirname, '../..');

interface Service {
  build?: { target: string };
  command?: string | string[];
  ports?: string[];
  volumes?: string[];
  profiles?: string[];
  environment?: Record<string, string>;
  depends_on?: string[] | Record<string, unknown>;
}

const text = readFileSync(path.join(root, 'docker-compose.yaml'), 'utf8');
const compose: { services: Record<string, Service>; volumes: Record<string, null> } = parse(text, { merge: true });
const services = Object.entries(compose.services);
const prometheusYml: { scrape_configs: Array<{ job_name: string; static_configs?: Array<{ targets: string[] }> }> } =
  parse(readFileSync(path.join(root, 'provisioning/prometheus/prometheus.yml'), 'utf8'));

describe('docker-compose.yaml', () => {
  it('publishes ports on 127.0.0.1 only', () => {
    const ports = services.flatMap(([, { ports: published = [] }]) => published);
    expect(ports.length).toBeGreaterThan(3);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  // that the images of others are pinned: tests/contracts/pinned.test.ts
  it('builds our own images from the targets of the Dockerfile', () => {
    const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
    const targets = services.flatMap(([, { build }]) => (build ? [build.target] : []));
    expect(new Set(targets)).toEqual(new Set(['promkeep', 'grafana']));
    targets.forEach((target) => expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${target}$`, 'm')));
  });

  it('runs our programs with the commands of npm start', () => {
    const runStack = readFileSync(path.join(root, 'scripts/stack/runStack.ts'), 'utf8');
    const [serve, custom] = ['promkeep', 'custom-exporter'].map((name) => compose.services[name].command ?? []);
    expect(serve).toEqual([
      'node',
      'dist/promkeep/promkeep.js',
      'serve',
      '--config',
      'provisioning/promkeep/promkeep.yaml',
    ]);
    expect(custom.slice(0, 2)).toEqual(['node', 'dist/promkeep/exporter.js']);
    for (const word of [...serve.slice(1), custom[1], '--port']) {
      expect(runStack).toContain(word);
    }
    const startPrometheus = readFileSync(path.join(root, 'scripts/stack/prometheus.ts'), 'utf8');
    [compose.services.prometheus.command ?? []]
      .flat()
      .forEach((flag) => expect(startPrometheus).toContain(flag.split('=')[0]));
  });

  // [R2]
  it('has a service for every target of prometheus.yml', () => {
    const hosts = [
      ...readFileSync(path.join(root, 'provisioning/prometheus/prometheus.yml'), 'utf8').matchAll(
        /'([a-z][\w-]+)(:\d+)?'/g
      ),
    ];
    expect(hosts.length).toBeGreaterThanOrEqual(5);
    hosts.forEach(([, host]) => expect(Object.keys(compose.services)).toContain(host));
    expect(prometheusYml.scrape_configs.map((job) => job.job_name)).toEqual(
      expect.arrayContaining(['prometheus', 'node_exporter', 'postgresql_exporter', 'custom_app'])
    );
  });

  it('lets Prometheus scrape Promkeep: a name it goes by, and its token and nothing else', () => {
    const { promkeep, prometheus } = compose.services;
    expect(promkeep.environment).toMatchObject({ PROMKEEP_ALLOWED_HOSTS: 'promkeep' });
    const job = prometheusYml.scrape_configs.find(({ job_name: name }) => name === 'promkeep');
    expect(job).toMatchObject({
      static_configs: [{ targets: ['promkeep:5000'] }],
      authorization: { credentials_file: '/run/promkeep/scrape/PROMKEEP_TOKEN' },
    });
    const secrets = (prometheus.volumes ?? []).filter((volume) => volume.startsWith('secrets-'));
    expect(secrets).toEqual(['secrets-scrape:/run/promkeep/scrape:ro']);
  });

  // [R2]
  it('starts MySQL and Redis only with their profiles, and nothing else depends on them', () => {
    const optional = services.filter(([, { profiles }]) => profiles).map(([name]) => name);
    expect(optional.sort()).toEqual(['mysql', 'mysqld-exporter', 'redis', 'redis-exporter']);
    for (const [name, { depends_on: needs = [] }] of services.filter(([one]) => !optional.includes(one))) {
      const names = Array.isArray(needs) ? needs : Object.keys(needs);
      expect({ name, needs: names.filter((one) => optional.includes(one)) }).toEqual({ name, needs: [] });
    }
  });

  it('mounts only files that exist and volumes that are declared', () => {
    for (const source of services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]))) {
      if (source.startsWith('.')) {
        expect(statSync(path.join(root, source))).toBeDefined();
      } else if (!source.startsWith('/')) {
        expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  // [R3]
  it('holds no password', () => {
    expect(text).not.toMatch(/PASSWORD: (?!\/run\/)/);
    expect(text).not.toMatch(/:\/\/[^/\s]*:[^/\s]*@/);
  });
});

describe('the secrets of the compose file', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'promkeep-secrets-'));
  const script = (name: string): string => path.join(root, 'provisioning/compose', name);
  const volumes = ['admin', 'archive', 'monitor', 'web', 'scrape', 'mysql', 'mysql-monitor'];

  beforeAll(() => volumes.forEach((name) => mkdirSync(path.join(folder, name))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const readAll = (): Record<string, string> =>
    Object.fromEntries(
      volumes.flatMap((dir) =>
        readdirSync(path.join(folder, dir)).map((name) => [name, readFileSync(path.join(folder, dir, name), 'utf8')])
      )
    );

  it('are made once, each its own', () => {
    execFileSync('sh', [script('makeSecrets.sh'), folder]);
    const first = readAll();
    execFileSync('sh', [script('makeSecrets.sh'), folder]);
    expect(readAll()).toEqual(first);
    expect(new Set(Object.values(first)).size).toBe(7);
    Object.values(first).forEach((secret) => expect(secret).toMatch(/^[0-9a-f]{48}$/));
  });

  it('reach a program as variables, the archive as one URL', () => {
    const archive = {
      PROMKEEP_ARCHIVE_HOST: 'postgres:5432',
      PROMKEEP_ARCHIVE_DATABASE: 'promkeep',
      PROMKEEP_ARCHIVE_USER: 'promkeep',
    };
    const printed = execFileSync('sh', [script('withSecrets.sh'), 'env'], {
      env: { PATH: process.env.PATH, PROMKEEP_SECRETS: folder, ...archive },
      encoding: 'utf8',
    });
    const secrets = readAll();
    expect(printed).toContain(`PROMKEEP_TOKEN=${secrets.PROMKEEP_TOKEN}\n`);
    expect(printed).toContain(
      `PROMKEEP_DATABASE_URL=postgres://promkeep:${secrets.PROMKEEP_ARCHIVE_PASSWORD}@postgres:5432/promkeep\n`
    );
  });
});
