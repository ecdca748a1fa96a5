import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { localReaderConfig, withTargets } from '../../scripts/stack/prometheusConfig';
import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';

const provisioning = path.resolve(__dirname, '../../provisioning');
const prometheusDir = path.join(provisioning, 'prometheus');
const read = (file: string): string => readFileSync(path.join(provisioning, file), 'utf8');

function promtool(...args: string[]): string {
  return execFileSync('promtool', args, { cwd: prometheusDir, encoding: 'utf8', stdio: 'pipe' });
}

describe('the Prometheus configuration', () => {
  const text = read('prometheus/prometheus.yml');

  // [R1]
  it('is accepted by promtool, with its rules', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'promkeep-config-'));
    cpSync(path.join(prometheusDir, 'rules'), path.join(dir, 'rules'), { recursive: true });
    // promtool wants the token's file to be there.
    writeFileSync(path.join(dir, 'token'), 'secret');
    writeFileSync(
      path.join(dir, 'prometheus.yml'),
      text.replaceAll('/run/promkeep/scrape/PROMKEEP_TOKEN', path.join(dir, 'token'))
    );
    expect(promtool('check', 'config', path.join(dir, 'prometheus.yml'))).toContain('2 rule files found');
    rmSync(dir, { recursive: true, force: true });
    expect(promtool('check', 'rules', 'rules/alerts.yml')).toContain('2 rules found');
    expect(promtool('check', 'rules', 'rules/archive.yml')).toContain('3 rules found');
  });

  it('lets the reader ask nobody but Promkeep, also with the address of this machine', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'promkeep-config-'));
    const file = path.join(dir, 'reader.yml');
    writeFileSync(file, await localReaderConfig(prometheusDir, 'http://127.0.0.1:1/api/v1/read'));
    expect(promtool('check', 'config', file)).toContain('SUCCESS');
    expect(parse(readFileSync(file, 'utf8'))).toEqual({
      remote_read: [{ url: 'http://127.0.0.1:1/api/v1/read', read_recent: true }],
    });
    rmSync(dir, { recursive: true, force: true });
    expect(Object.keys(parse(read('prometheus/reader.yml')))).toEqual(['remote_read']);
  });

  // [R8]
  it('has alerts that fire and resolve', () => {
    const files = readdirSync(path.join(prometheusDir, 'tests')).map((name) => `tests/${name}`);
    expect(files.length).toBeGreaterThan(0);
    expect(promtool('test', 'rules', ...files)).toContain('SUCCESS');
  });

  // [R1]
  it('has the jobs, ports and intervals it promises', () => {
    const config: {
      global: Record<string, string>;
      scrape_configs: Array<{ job_name: string; scrape_interval?: string; static_configs?: [{ targets: string[] }] }>;
    } = parse(text);
    expect(config.global).toEqual({ scrape_interval: '15s', evaluation_interval: '15s' });
    const jobs = config.scrape_configs.map(({ job_name: job, static_configs: fixed, scrape_interval: interval }) => [
      job,
      fixed?.[0].targets[0].split(':')[1],
      interval,
    ]);
    expect(jobs.slice(0, 4)).toEqual([
      ['prometheus', '9090', undefined],
      ['node_exporter', '9100', undefined],
      ['postgresql_exporter', '9187', undefined],
      ['custom_app', '8000', '30s'],
    ]);
  });

  it('stays valid with the addresses of this machine, without the jobs that nothing here answers', () => {
    const local = withTargets(text, {
      prometheus: '127.0.0.1:1',
      custom_app: '127.0.0.1:2',
      promkeep: '127.0.0.1:3',
      promkeep_plugin: '127.0.0.1:5',
      redis_exporter: '127.0.0.1:4',
    });
    const dir = mkdtempSync(path.join(os.tmpdir(), 'promkeep-config-'));
    cpSync(path.join(prometheusDir, 'rules'), path.join(dir, 'rules'), { recursive: true });
    writeFileSync(path.join(dir, 'prometheus.yml'), local);
    expect(promtool('check', 'config', path.join(dir, 'prometheus.yml'))).toContain('SUCCESS');
    rmSync(dir, { recursive: true, force: true });
    expect(parse(local).remote_read).toEqual([{ url: 'http://127.0.0.1:3/api/v1/read' }]);
    expect(parse(withTargets(text, { prometheus: '127.0.0.1:1' }))).not.toHaveProperty('remote_read');
    const jobs: Array<Record<string, unknown>> = parse(local).scrape_configs;
    expect(jobs).toEqual([
      { job_name: 'prometheus', static_configs: [{ targets: ['127.0.0.1:1'] }] },
      { job_name: 'custom_app', scrape_interval: '30s', static_configs: [{ targets: ['127.0.0.1:2'] }] },
      { job_name: 'promkeep', static_configs: [{ targets: ['127.0.0.1:3'] }] },
      {
        job_name: 'promkeep_plugin',
        metrics_path: `/metrics/plugins/${DATASOURCE_PLUGIN_ID}`,
        static_configs: [{ targets: ['127.0.0.1:5'] }],
      },
      { job_name: 'redis_exporter', static_configs: [{ targets: ['127.0.0.1:4'] }] },
    ]);
  });
});

describe('the provisioning of Grafana', () => {
  interface Target {
    datasource: { type: string; uid: string };
    expr: string;
    queryType?: string;
  }
  const datasources: Array<Record<string, unknown>> = parse(read('datasources/datasources.yaml')).datasources;
  const dashboard: {
    uid: string;
    panels: Array<{ id: number; type: string; targets: Target[] }>;
    templating: { list: Array<{ name: string; type: string; query: unknown }> };
  } = JSON.parse(read('dashboards/overview.json'));

  // [R7]
  it("makes Grafana's own Prometheus the one default datasource", () => {
    expect(datasources.map(({ type, isDefault }) => [type, isDefault])).toEqual([
      ['prometheus', true],
      [DATASOURCE_PLUGIN_ID, false],
      ['prometheus', false],
    ]);
  });

  // [R7]
  it('takes passwords from variables only', () => {
    const secrets = datasources.flatMap(({ secureJsonData }) => Object.values(Object(secureJsonData)));
    expect(secrets).toEqual(['$PROMKEEP_ARCHIVE_PASSWORD', '$PROMKEEP_TOKEN']);
  });

  it('shows the summary first, everything on the chosen datasource', () => {
    expect(dashboard.panels[0]).toMatchObject({ type: PANEL_PLUGIN_ID, targets: [{ queryType: 'summary' }] });
    const chosen = { type: DATASOURCE_PLUGIN_ID, uid: '${datasource}' };
    dashboard.panels.flatMap(({ targets }) => targets).forEach(({ datasource }) => expect(datasource).toEqual(chosen));
    expect(dashboard.templating.list[0]).toMatchObject({ type: 'datasource', query: DATASOURCE_PLUGIN_ID });
  });

  // [R6]
  it('rates over $__rate_interval and offers job and instance', () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).filter(Boolean);
    expect(expressions).toHaveLength(6);
    expressions.forEach((expr) => expect(expr).toContain('job=~"$job",instance=~"$instance"'));
    const rates = expressions.filter((expr) => expr.includes('rate('));
    expect(rates.length).toBe(3);
    rates.forEach((expr) => expect(expr).toContain('[$__rate_interval]'));
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
  });

  interface GrafanaRule {
    title: string;
    for: string;
    labels: unknown;
    dashboardUid: string;
    panelId: number;
    annotations: Record<string, string>;
    data: Array<{ model: Record<string, unknown> }>;
  }
  interface PrometheusRule {
    alert: string;
    expr: string;
    for: string;
    labels: unknown;
    annotations: Record<string, string>;
  }
  const groups: Array<{ name: string; rules: GrafanaRule[] }> = parse(read('alerting/rules.yaml')).groups;
  const pairs = groups.map(({ name, rules }): [string, GrafanaRule[], PrometheusRule[]] => {
    const file = { promkeep_demo: 'alerts.yml', promkeep_archive: 'archive.yml' }[name] ?? '';
    return [name, rules, parse(read(`prometheus/rules/${file}`)).groups[0].rules];
  });
  const panelIds = (uid: string): number[] => {
    const { panels }: typeof dashboard = JSON.parse(read(`dashboards/${uid.replace('promkeep-', '')}.json`));
    return panels.map(({ id }) => id);
  };

  it.each(pairs)(
    'alerts in Grafana on the same conditions as the rule file of Prometheus: %s',
    (_name, ours, theirs) => {
      expect(ours.map((rule) => [rule.title, rule.for, rule.labels])).toEqual(
        theirs.map((rule) => [rule.alert, rule.for, rule.labels])
      );
      ours.forEach((rule, i) => {
        const [query, , threshold] = rule.data.map(({ model }) => model);
        const limit = Object(threshold.conditions)[0].evaluator.params[0];
        expect(`${String(query.expr)} > ${limit}`).toBe(theirs[i].expr);
        expect(panelIds(rule.dashboardUid)).toContain(rule.panelId);
      });
    }
  );

  // Grafana's externalURL ends with a slash.
  it.each(pairs)('links each alert to its runbook, by an address that is whole: %s', (_name, ours, theirs) => {
    const runbooks = readFileSync(path.resolve(provisioning, '../docs/runbooks.md'), 'utf8');
    const page = 'public/plugins/promkeep-prometheus-datasource/runbooks.html';
    for (const [title, link, base] of [
      // Grafana's own address ends with a slash; with two of them it finds nothing.
      ...ours.map((rule) => [rule.title, rule.annotations.runbook_url, '{{ externalURL }}']),
      ...theirs.map((rule) => [rule.alert, rule.annotations.runbook_url, 'http://127.0.0.1:3000/']),
    ]) {
      expect(link).toBe(`${base}${page}#${title.toLowerCase()}`);
      expect(runbooks).toContain(`\n## ${title}\n`);
    }
  });
});
