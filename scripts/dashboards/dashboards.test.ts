import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';
import manifest from '../../src/datasource/plugin.json';
import { parsePromql } from '../../pkg/promql/parsePromql';
import { allDashboards } from './all';
import { type DashboardJson, type PanelJson } from './dashboardJson';

const FOLDER = path.resolve(__dirname, '../../provisioning/dashboards');
const all = allDashboards();
const each = all.map(({ file, dashboard }): [string, DashboardJson] => [file, dashboard]);

it('are what lies in provisioning/dashboards (else run: npx tsx scripts/dashboards/write.ts)', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  expect(files.sort()).toEqual(all.map(({ file }) => file).sort());
  for (const [file, dashboard] of each) {
    expect(JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'))).toEqual(dashboard);
  }
});

it('are shipped inside the datasource plugin', () => {
  expect(manifest.includes).toEqual(
    all.map(({ file, dashboard }) => ({ type: 'dashboard', name: dashboard.title, path: `dashboards/${file}` }))
  );
});

it('link to each other, and to nothing that does not exist', () => {
  const uids = all.map(({ dashboard }) => dashboard.uid);
  expect(uids).toEqual([...new Set(uids)]);
  for (const [, { uid, links }] of each) {
    const linked = links.map(({ url }) => /^\/d\/([\w-]+)\?\$\{datasource:queryparam\}$/.exec(url)?.[1]);
    expect(linked.sort()).toEqual(uids.filter((other) => other !== uid).sort());
  }
});

describe.each(each)('%s', (_file, dashboard) => {
  it('numbers its panels and lays them side by side', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [i, panel] of dashboard.panels.entries()) {
      expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24);
      expect(dashboard.panels.slice(i + 1).filter((other) => overlap(panel, other))).toEqual([]);
    }
  });

  it('begins with our panel, and asks the chosen datasource only', () => {
    expect(dashboard.panels[0].type).toBe(PANEL_PLUGIN_ID);
    for (const { type, datasource, targets = [] } of dashboard.panels.filter((panel) => panel.type !== 'row')) {
      const chosen = { type: DATASOURCE_PLUGIN_ID, uid: '${datasource}' };
      expect([type, datasource, ...targets.map((target) => target.datasource)]).toEqual([
        type,
        chosen,
        ...targets.map(() => chosen),
      ]);
    }
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
  });

  it('asks nothing that is not PromQL', () => {
    for (const { expr } of dashboard.panels.flatMap(({ targets = [] }) => targets).filter(({ expr: text }) => text)) {
      expect(() => parsePromql(expr.replaceAll('$__rate_interval', '1m'))).not.toThrow();
    }
  });

  it('asks for the chosen jobs and instances, in every selector of an exporter', () => {
    if (dashboard.uid === 'promkeep-prometheus') {
      // Targets of every job are what Prometheus has to tell about.
      return;
    }
    for (const { expr } of dashboard.panels.flatMap(({ targets = [] }) => targets)) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? [];
      expect(selectors.filter((selector) => !selector.includes('job=~"$job",instance=~"$instance"'))).toEqual([]);
    }
  });

  it('rates over the interval of the dashboard, and gives each query of a panel a letter and a legend', () => {
    for (const { targets = [] } of dashboard.panels) {
      expect(targets.map(({ refId }) => refId)).toEqual(targets.map((_target, i) => String.fromCharCode(65 + i)));
      for (const { expr, legendFormat } of targets.filter(({ queryType }) => queryType !== 'summary')) {
        expect(legendFormat).toBeTruthy();
        expect(expr.match(/(rate|increase)\([^[]*\[(?!\$__rate_interval\])/)).toBeNull();
      }
    }
  });
});

it('parses PromQL strictly enough to notice a broken query', () => {
  expect(() => parsePromql('sum(rate(up[1m])')).toThrow();
});

function overlap({ gridPos: a }: PanelJson, { gridPos: b }: PanelJson): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
