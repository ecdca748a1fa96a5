import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { portIsFree } from '../../scripts/stack/ports';
import { withClient } from '../../scripts/stack/postgres';
import { postgresUser, temporaryParent } from '../../scripts/stack/postgresBinaries';

/** `npm start` as a person runs it, with data of its own so that a start in the same checkout is not disturbed. */
const root = path.resolve(__dirname, '../..');
const KEYS = ['cpu_usage', 'memory_usage', 'active_connections', 'request_rate'];
let stateDir = '';
let running: ChildProcess | undefined;

interface Start {
  npm: ChildProcess;
  addresses: Record<string, string>;
  output(): string;
  /** Pids of npm and everything below it. */
  family: number[];
}

beforeAll(async () => {
  stateDir = await mkdtemp(path.join(await temporaryParent(await postgresUser()), 'promkeep-start-'));
});

afterAll(async () => {
  if (running?.exitCode === null) {
    const exited = new Promise((resolve) => running?.once('exit', resolve));
    running.kill('SIGTERM');
    await exited;
  }
  await rm(stateDir, { recursive: true, force: true });
});

describe('npm start', () => {
  jest.setTimeout(300_000);

  // [R3]
  it('leads to four live values, leaves nothing behind, and keeps its data', async () => {
    const first = await start();
    expect(statSync(path.join(stateDir, 'addresses.json')).mode & 0o777).toBe(0o600);
    Object.values(first.addresses).forEach((address) => expect(address).toMatch(/:\/\/([^@]*@)?127\.0\.0\.1:\d+/));
    const summary = await until('four values', () => liveSummary(first.addresses.summary));
    const page = await fetch(first.addresses.dashboard);
    expect({ status: page.status, isHtml: (await page.text()).includes('<html') }).toEqual({
      status: 200,
      isHtml: true,
    });

    // Not a difference: the pools of Promkeep and its exporter shrink after the first seconds.
    expect(summary.active_connections).toBeLessThan(11);
    await holdConnections(first.addresses.postgres, 10, () =>
      until('ten more connections', async () => {
        const now = await liveSummary(first.addresses.summary);
        return now !== undefined && now.active_connections >= 11 ? now : undefined;
      })
    );
    const before = await until('a sample of every recorded query', async () => {
      const found = await archived(first.addresses.postgres);
      return found.names >= 5 ? found : undefined;
    });
    await stop(first);

    const second = await start();
    const after = await until('new samples', async () => {
      const found = await archived(second.addresses.postgres);
      return found.rows > before.rows ? found : undefined;
    });
    expect(after.duplicates).toBe(0);
    await stop(second);
  });
});

async function start(): Promise<Start> {
  const npm = spawn('npm', ['start', '--', '--no-install'], {
    cwd: root,
    env: { ...process.env, PROMKEEP_STATE_DIR: stateDir, GRAFANA_HOME: '', npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running = npm;
  let text = '';
  [npm.stdout, npm.stderr].forEach((pipe) => pipe.on('data', (chunk: Buffer) => (text += chunk.toString())));
  const file = path.join(stateDir, 'addresses.json');
  const addresses = await until('addresses.json', async () => {
    if (npm.exitCode !== null) {
      throw new Error(`npm start ended with code ${npm.exitCode}:\n${text}`);
    }
    const found: Record<string, string> | undefined = existsSync(file)
      ? JSON.parse(readFileSync(file, 'utf8'))
      : undefined;
    return found;
  });
  return { npm, addresses, output: () => text, family: familyOf(npm.pid ?? 0) };
}

/** Ctrl-C, then: gone, with all its programs and ports. */
async function stop({ npm, addresses, output, family }: Start): Promise<void> {
  expect(family.length).toBeGreaterThan(6);
  const exited = new Promise<number | null>((resolve) => npm.once('exit', resolve));
  npm.kill('SIGINT');
  expect({ code: await exited, output: output().split('\n').slice(-2).join('') }).toEqual({
    code: 0,
    output: 'Stopped.',
  });
  expect(await namesOfLiving(family)).toEqual([]);
  for (const address of Object.values(addresses)) {
    expect([address, await portIsFree(Number(new URL(address).port))]).toEqual([address, true]);
  }
  expect(existsSync(path.join(stateDir, 'addresses.json'))).toBe(false);
}

/** After a second at most: an ended process stays in the table until its parent, or init, has looked at it. */
async function namesOfLiving(pids: number[]): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const names = pids.flatMap((pid) => {
      const file = `/proc/${pid}/status`;
      const status = existsSync(file) ? readFileSync(file, 'utf8') : '';
      return status === '' || /^State:\s+Z/m.test(status) ? [] : [status.split('\n')[0]];
    });
    if (names.length === 0 || attempt === 10) {
      return names;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function familyOf(ancestor: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      const stat = existsSync(`/proc/${name}/stat`) ? readFileSync(`/proc/${name}/stat`, 'utf8') : '';
      return { pid: Number(name), parent: Number(stat.split(') ').pop()?.split(' ')[1]) };
    });
  const family = [ancestor];
  for (const pid of family) {
    family.push(...parents.filter(({ parent }) => parent === pid).map((child) => child.pid));
  }
  return family;
}

async function liveSummary(url: string): Promise<Record<string, number> | undefined> {
  const summary: Record<string, number | null> = await (await fetch(url)).json();
  const values = KEYS.flatMap((key) => (typeof summary[key] === 'number' ? [[key, summary[key]] as const] : []));
  return values.length === KEYS.length ? Object.fromEntries(values) : undefined;
}

async function archived(url: string): Promise<{ rows: number; names: number; duplicates: number }> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ rows: number; names: number; duplicates: number }>(
      `SELECT count(*)::int AS rows, count(DISTINCT metric_name)::int AS names,
         (count(*) - count(DISTINCT (query, metric_name, labels::text, timestamp)))::int AS duplicates FROM metrics_data`
    )
  );
  return rows[0];
}

async function holdConnections(url: string, count: number, whileHeld: () => Promise<unknown>): Promise<void> {
  const clients = Array.from({ length: count }, () => new Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  try {
    await whileHeld();
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** The first answer that is not `undefined`, asked once a second for two and a half minutes. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (let second = 0; second < 150; second++) {
    const answer = await ask();
    if (answer !== undefined) {
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  throw new Error(`${what}: not within 150 s`);
}
