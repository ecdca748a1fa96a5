import { expect, test } from '@grafana/plugin-e2e';
import {
  chooseCode,
  createDatasource,
  type Datasource,
  enterExpression,
  exploreAddress,
  findDatasource,
  keepPicture,
} from './grafana';

let datasource: Datasource;

test.beforeEach(async ({ request }) => {
  datasource = await findDatasource(request);
});

test.describe('the settings page', () => {
  test('tests a Prometheus that is there', async ({ gotoDataSourceConfigPage, page, request }) => {
    const { uid } = await createDatasource(request, datasource.url, `e2e ${Date.now()}`);
    const settings = await gotoDataSourceConfigPage(uid);
    await expect(page.getByLabel('Data source connection URL')).toHaveValue(datasource.url);
    await expect(settings.saveAndTest()).toBeOK();
    await expect(settings).toHaveAlert('success', { hasText: 'Successfully queried the Prometheus API.' });
    await keepPicture(page, 'settings');
    await request.delete(`/api/datasources/uid/${uid}`);
  });

  test('says what is wrong with an address without a scheme', async ({ gotoDataSourceConfigPage, page, request }) => {
    const { uid } = await createDatasource(request, datasource.url, `e2e ${Date.now()}`);
    const settings = await gotoDataSourceConfigPage(uid);
    await page.getByLabel('Data source connection URL').fill('127.0.0.1:9090');
    await expect(settings.saveAndTest()).not.toBeOK();
    await expect(page.getByText('has no http:// or https:// in front').first()).toBeVisible();
    await request.delete(`/api/datasources/uid/${uid}`);
  });

  test('shows the archive’s fields and their faults in place', async ({ gotoDataSourceConfigPage, page, request }) => {
    const { uid } = await createDatasource(request, datasource.url, `e2e ${Date.now()}`);
    await gotoDataSourceConfigPage(uid);
    await page.getByText('Use an archive', { exact: true }).click();
    await expect(page.getByText('Enter the name of the database.')).toBeVisible();
    await page.getByLabel(/^Host/).fill('postgres://db');
    await expect(page.getByText('without a scheme')).toBeVisible();
    await keepPicture(page, 'archive-settings');
    await request.delete(`/api/datasources/uid/${uid}`);
  });
});

test.describe('Explore', () => {
  // [R13]
  test('draws a range query', async ({ explorePage, page }) => {
    await page.goto(exploreAddress(datasource, { expr: 'up' }));
    await expect(explorePage.timeSeriesPanel.locator.locator('canvas').first()).toBeVisible();
    await expect(explorePage.timeSeriesPanel.locator).toContainText('up{');
    await keepPicture(page, 'explore');
  });

  test('shows an instant query as rows', async ({ page }) => {
    await page.goto(exploreAddress(datasource, { expr: 'count by (job) (up)', range: false, instant: true }));
    await expect(page.getByText(/Result series: [1-9]/)).toBeVisible();
  });

  test('shows standard records once they are asked for', async ({ explorePage, page }) => {
    await page.goto(exploreAddress(datasource, { expr: 'up' }));
    await expect(explorePage.timeSeriesPanel.locator.locator('canvas').first()).toBeVisible();
    await page.getByRole('radio', { name: 'Standard records' }).check();
    await expect(page.getByText('data_type').first()).toBeVisible();
    await keepPicture(page, 'standard-records');
  });

  test('shows the error of Prometheus', async ({ page }) => {
    await page.goto(exploreAddress(datasource, { expr: 'rate(' }));
    await expect(page.getByText(/bad_data: .*parse error/).first()).toBeVisible();
  });
});

// [R13]
test('a variable has the labels of Prometheus', async ({ variableEditPage, page }) => {
  await variableEditPage.setVariableType('Query');
  await variableEditPage.datasource.set(datasource.name);
  await page.getByLabel('Query type').first().click();
  await page.getByText('Label names', { exact: true }).click();
  await variableEditPage.runQuery();
  // The preview ends after some, in the order of the alphabet.
  await expect(variableEditPage).toDisplayPreviews(['__name__']);
  await keepPicture(page, 'variable');
});

// [R13]
test('an annotation query finds events', async ({ annotationEditPage, page }) => {
  await annotationEditPage.datasource.set(datasource.name);
  await enterExpression(page.locator('main'), 'up == 1');
  await expect(annotationEditPage.runQuery()).toBeOK();
  await expect(page.getByText(/\d+ events/).first()).toBeVisible();
  await keepPicture(page, 'annotation');
});

// [R13]
test('an alert rule can be evaluated', async ({ alertRuleEditPage, page }) => {
  const row = await alertRuleEditPage.getQueryRow();
  await row.datasource.set(datasource.name);
  await chooseCode(row.locator);
  await enterExpression(row.locator, 'up');
  await expect(alertRuleEditPage.evaluate()).toBeOK();
  await keepPicture(page, 'alert-rule');
});
