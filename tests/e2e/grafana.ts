import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type APIRequestContext, type Locator, type Page, expect } from '@playwright/test';
import { DATASOURCE_PLUGIN_ID, PANEL_PLUGIN_ID } from '../../src/contract/pluginIds';

export interface Datasource {
  uid: string;
  name: string;
  url: string;
}

/** A Promkeep datasource of this Grafana that works: the specs need one, and its Prometheus needs no more than `up`. */
export async function findDatasource(request: APIRequestContext): Promise<Datasource> {
  const all: Array<Datasource & { type: string }> = await (await request.get('/api/datasources')).json();
  for (const one of all.filter(({ type }) => type === DATASOURCE_PLUGIN_ID)) {
    if ((await request.get(`/api/datasources/uid/${one.uid}/health`)).ok()) {
      return one;
    }
  }
  throw new Error('This Grafana has no Promkeep datasource that works.');
}

/** A datasource of its own for a spec that changes settings. */
export async function createDatasource(request: APIRequestContext, url: string, name: string): Promise<Datasource> {
  const data = { name, type: DATASOURCE_PLUGIN_ID, access: 'proxy', url, jsonData: { httpMethod: 'POST' } };
  const answer = await request.post('/api/datasources', { data });
  expect(answer.ok()).toBe(true);
  const { datasource }: { datasource: Datasource } = await answer.json();
  return datasource;
}

/** A dashboard with one Promkeep Summary panel, whose id is 1. */
export async function createDashboard(request: APIRequestContext, { uid }: Datasource, query: object): Promise<string> {
  const datasource = { type: DATASOURCE_PLUGIN_ID, uid };
  const panel = {
    id: 1,
    type: PANEL_PLUGIN_ID,
    title: 'How are we doing?',
    gridPos: { x: 0, y: 0, w: 24, h: 12 },
    datasource,
    targets: [{ refId: 'A', datasource, editorMode: 'code', ...query }],
  };
  const dashboard = { title: `e2e ${Date.now()}`, time: { from: 'now-15m', to: 'now' }, panels: [panel] };
  const answer = await request.post('/api/dashboards/db', { data: { dashboard } });
  expect(answer.ok()).toBe(true);
  const created: { uid: string } = await answer.json();
  return created.uid;
}

/** Explore with one query, as Grafana writes it into its address. */
export function exploreAddress({ uid }: Datasource, query: object): string {
  const datasource = { type: DATASOURCE_PLUGIN_ID, uid };
  const queries = [{ refId: 'A', datasource, editorMode: 'code', range: true, instant: false, ...query }];
  const panes = { a: { datasource: uid, queries, range: { from: 'now-5m', to: 'now' } } };
  return `/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify(panes))}`;
}

/** A new query may begin with the builder. Editors of annotations have no choice. */
export async function chooseCode(row: Locator): Promise<void> {
  await row.getByRole('radio', { name: 'Code' }).check();
}

/** Types into Grafana's code editor. */
export async function enterExpression(row: Locator, expr: string): Promise<void> {
  const editor = row.locator('.monaco-editor').first();
  await editor.click();
  await editor.page().keyboard.press('ControlOrMeta+A');
  await editor.page().keyboard.insertText(expr);
  await editor.page().keyboard.press('Escape');
}

/** Keeps a picture in artifacts/e2e/pictures. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = path.resolve(__dirname, '../../artifacts/e2e/pictures');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `e2e-${name}.png`) });
}
