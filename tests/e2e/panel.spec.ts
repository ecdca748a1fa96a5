import { expect, test } from '@grafana/plugin-e2e';
import { createDashboard, type Datasource, enterExpression, findDatasource, keepPicture } from './grafana';

let datasource: Datasource;
let uid: string | undefined;

test.beforeEach(async ({ request }) => {
  datasource = await findDatasource(request);
});

test.afterEach(async ({ request }) => {
  if (uid !== undefined) {
    await request.delete(`/api/dashboards/uid/${uid}`);
  }
});

// [R13]
test('a Summary query gives a tile for each metric, with its state in words', async ({
  gotoDashboardPage,
  page,
  request,
}) => {
  uid = await createDashboard(request, datasource, { queryType: 'summary', expr: '' });
  const dashboard = await gotoDashboardPage({ uid });
  const tiles = dashboard.getPanelByTitle('How are we doing?').locator.getByRole('listitem');
  await expect(tiles.nth(3)).toBeVisible();
  await expect(tiles.filter({ hasText: /OK|Warning|Critical|No data/ }).first()).toBeVisible();
  await keepPicture(page, 'panel-summary');
});

test('the editor offers the summary’s metrics beside PromQL', async ({ gotoPanelEditPage, request }) => {
  uid = await createDashboard(request, datasource, { expr: 'up', range: true });
  const editor = await gotoPanelEditPage({ dashboard: { uid }, id: '1' });
  const row = editor.getQueryEditorRow('A');
  await row.getByRole('radio', { name: 'Summary' }).check();
  await expect(row.getByPlaceholder('All metrics')).toBeVisible();
  await expect(editor.panel.locator.getByRole('listitem').nth(3)).toBeVisible();
});

test('the options change what is shown', async ({ gotoPanelEditPage, page, request }) => {
  uid = await createDashboard(request, datasource, { expr: 'up', range: true });
  const editor = await gotoPanelEditPage({ dashboard: { uid }, id: '1' });
  const { locator } = editor.panel;
  await expect(locator.getByRole('listitem').first()).toBeVisible();
  const exporting = locator.getByRole('button', { name: 'Copy as JSON' });
  await expect(exporting).toHaveCount(0);
  await editor.getCustomOptions('Promkeep Summary').getSwitch('Export').check();
  await expect(exporting).toBeVisible();
  await keepPicture(page, 'panel-options');
});

test('a query without data says so, and one that fails says that', async ({ gotoPanelEditPage, page, request }) => {
  uid = await createDashboard(request, datasource, { expr: 'there_is_no_such_metric', range: true });
  const editor = await gotoPanelEditPage({ dashboard: { uid }, id: '1' });
  await expect(editor.panel.locator.getByText(/No data|No values/).first()).toBeVisible();
  const row = editor.getQueryEditorRow('A');
  await enterExpression(row, 'rate(');
  await row.getByRole('button', { name: 'Run queries' }).click();
  await expect(page.getByText(/parse error/).first()).toBeVisible();
  await keepPicture(page, 'panel-error');
});
