import { readFileSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { parse, stringify } from 'yaml';
import { alertmanagerBinary, startAlertmanager } from '../../scripts/stack/alertmanager';
import { startPostgresExporter } from '../../scripts/stack/exporters';
import { startPostgres, type RunningPostgres } from '../../scripts/stack/postgres';
import { startPrometheus, type RunningPrometheus } from '../../scripts/stack/prometheus';
import { CpuLoad } from './cpuLoad';

/**
 * The shipped alert rules on a real Prometheus: CPU and connections are driven over their thresholds and back, and the alerts
 * fire, reach whoever is to be told, and resolve. Only times are shortened; thresholds and expressions are the shipped ones.
 */
jest.setTimeout(120_000);

const RULES = path.resolve(__dirname, '../../provisioning/prometheus/rules/alerts.yml');
const ALERTMANAGER = alertmanagerBinary();
const TOLD = ALERTMANAGER === undefined ? ' (nobody is told: there is no Alertmanager here)' : ', tells so';
/** Scrapes and evaluations each second, `for` two: a few seconds on a quiet machine. */
const CHANGE_MS = 50_000;

interface Rule {
  alert: string;
  expr: string;
  for: string;
}

interface RuleFile {
  groups: Array<{ name: string; interval: string; rules: Rule[] }>;
}

interface Notification {
  status: string;
  alertname: string;
  annotations: Record<string, string>;
}

const closers: Array<() => Promise<unknown>> = [];
const notifications: Notification[] = [];
let postgres: RunningPostgres;
let prometheus: RunningPrometheus;
let cpu: CpuLoad;

beforeAll(async () => {
  const receiver = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { alerts }: { alerts: Array<Notification & { labels: { alertname: string } }> } = JSON.parse(body);
      notifications.push(...alerts.map(({ status, labels, annotations }) => ({ status, annotations, ...labels })));
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  closers.push(
    async () => receiver.closeAllConnections(),
    async () => receiver.close()
  );
  const webhook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const alertmanager = ALERTMANAGER === undefined ? undefined : await startAlertmanager(ALERTMANAGER, tell(webhook));
  closers.push(async () => alertmanager?.stop());
  cpu = await CpuLoad.start(2);
  closers.push(() => cpu.stop());
  postgres = await startPostgres();
  closers.push(() => postgres.stop());
  const exporter = await startPostgresExporter({ dataSource: postgres.url });
  closers.push(() => exporter.stop());
  const static_configs = [{ targets: [`127.0.0.1:${alertmanager?.port}`] }];
  prometheus = await startPrometheus({
    config: stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yml'],
      scrape_configs: [
        { job_name: 'node_exporter', static_configs: [{ targets: [cpu.target] }] },
        { job_name: 'postgresql_exporter', static_configs: [{ targets: [`127.0.0.1:${exporter.port}`] }] },
      ],
      ...(alertmanager ? { alerting: { alertmanagers: [{ static_configs }] } } : {}),
    }),
    flags: ['--rules.alert.resend-delay=1s'],
    files: { 'rules.yml': stringify(shorten(parse(readFileSync(RULES, 'utf8')))) },
  });
  closers.push(() => prometheus.stop());
  // Until it has found its Alertmanager, a few seconds after its start, Prometheus throws notifications away.
  await until(async () => alertmanager === undefined || (await activeAlertmanagers()) === 1);
});

afterAll(async () => {
  for (const close of closers.reverse()) {
    await close();
  }
});

/** Only times: how often, how long, and how far back a rate looks. */
function shorten({ groups }: RuleFile): RuleFile {
  return {
    groups: groups.map((group) => ({
      ...group,
      interval: '1s',
      rules: group.rules.map((rule) => ({ ...rule, for: '2s', expr: rule.expr.replaceAll('[5m]', '[5s]') })),
    })),
  };
}

function tell(webhook: string): string {
  return stringify({
    route: { receiver: 'test', group_by: ['alertname'], group_wait: '0s', group_interval: '1s' },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }],
  });
}

async function activeAlertmanagers(): Promise<number> {
  const response = await fetch(`${prometheus.url}/api/v1/alertmanagers`);
  const body: { data: { activeAlertmanagers: unknown[] } } = await response.json();
  return body.data.activeAlertmanagers.length;
}

/** Gives up after `CHANGE_MS`; what is expected then tells what is missing. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + CHANGE_MS;
  while (!(await holds()) && Date.now() < deadlineMs) {
    await sleep(200);
  }
}

async function stateOf(name: string): Promise<string> {
  const response = await fetch(`${prometheus.url}/api/v1/alerts`);
  const body: { data: { alerts: Array<{ labels: { alertname: string }; state: string }> } } = await response.json();
  return body.data.alerts.find(({ labels }) => labels.alertname === name)?.state ?? 'inactive';
}

/** Every state an alert goes through until it is in the wanted one. */
async function statesUntil(name: string, wanted: string): Promise<string[]> {
  const states: string[] = [];
  await until(async () => {
    const state = await stateOf(name);
    if (states.at(-1) !== state) {
      states.push(state);
    }
    return state === wanted;
  });
  return states;
}

async function notified(name: string, status: string): Promise<Notification | undefined> {
  const find = (): Notification | undefined =>
    notifications.find((one) => one.alertname === name && one.status === status);
  await until(() => find() !== undefined);
  return find();
}

// [R8]
describe.each([
  {
    name: 'DatabaseConnectionHigh',
    async drive() {
      const clients = Array.from({ length: 110 }, () => new Client({ connectionString: postgres.url }));
      await Promise.all(clients.map((client) => client.connect()));
      return async () => void (await Promise.all(clients.map((client) => client.end())));
    },
    says: /^PostgreSQL at 127\.0\.0\.1:\d+ has had 1[1-9]\d connections, more than 100/,
  },
  {
    name: 'HighCPUUsage',
    async drive() {
      cpu.burn();
      return async () => cpu.rest();
    },
    says: /^The CPUs of 127\.0\.0\.1:\d+ have been busy for (8[0-9]|9[0-9]|100)\.\d % of the time/,
  },
])('$name', ({ name, drive, says }) => {
  it(`is pending, firing over its threshold${TOLD} and resolved below`, async () => {
    expect((await statesUntil(name, 'inactive')).at(-1)).toBe('inactive');
    const release = await drive();
    try {
      expect((await statesUntil(name, 'firing')).slice(-2)).toEqual(['pending', 'firing']);
      if (ALERTMANAGER !== undefined) {
        const { annotations } = (await notified(name, 'firing')) ?? {};
        expect(annotations?.description).toMatch(says);
        expect(annotations?.runbook_url).toContain(`#${name.toLowerCase()}`);
      }
    } finally {
      await release();
    }
    expect((await statesUntil(name, 'inactive')).at(-1)).toBe('inactive');
    if (ALERTMANAGER !== undefined) {
      expect(await notified(name, 'resolved')).toBeDefined();
    }
  });
});
