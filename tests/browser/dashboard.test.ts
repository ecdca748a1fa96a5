import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import { DashboardStack } from './dashboardStack';
import { watchPage, type PageWatch } from './pageWatch';

jest.setTimeout(240_000);

/** Two points of the sparkline are 15 s apart, and CPU is a rate. */
const FIRST_VALUES_MS = 90_000;
/** A poll every 5 s, and Prometheus needs a scrape after its start. */
const CHANGE_MS = 60_000;
const ARTIFACTS = path.resolve(__dirname, '../../artifacts');
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let stack: DashboardStack;
let browser: Browser;
const openPages: Page[] = [];

beforeAll(async () => {
  mkdirSync(ARTIFACTS, { recursive: true });
  stack = await DashboardStack.start();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN || '/usr/bin/chromium', args: FLAGS });
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

afterEach(async () => {
  // A test that failed half-way must not take its neighbours with it.
  await stack?.startWhatIsStopped();
  await Promise.all(openPages.splice(0).map((page) => page.context().close()));
});

async function open(
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<unknown> = async () => undefined
): Promise<{ page: Page; watch: PageWatch }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 560 }, ...options });
  const page = await context.newPage();
  openPages.push(page);
  const watch = await watchPage(page, stack.origin);
  await prepare(page);
  await page.goto(`${stack.origin}/dashboard`);
  await tileOf(page, options.locale === 'ko-KR' ? 'CPU 사용률' : 'CPU usage').waitFor();
  return { page, watch };
}

function tileOf(page: Page, name: string): Locator {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true, level: 2 }) });
}

function chartOf(page: Page): Locator {
  return page.getByRole('slider', { name: 'Memory usage over time' });
}

/** The text of a tile once it matches. */
async function tileText(tile: Locator, pattern: RegExp, timeout: number): Promise<string> {
  const matching = tile.filter({ hasText: pattern });
  await matching.waitFor({ timeout });
  return (await matching.innerText()).replaceAll('\n', ' ');
}

const PERCENT = /(\d+(\.\d+)?)\s*%/;

describe('the dashboard in Chromium', () => {
  // [R11]
  it('shows live values, says honestly what has no data, and stays within its policy', async () => {
    const { page, watch } = await open();
    for (const name of ['CPU usage', 'Memory usage']) {
      const text = await tileText(tileOf(page, name), PERCENT, FIRST_VALUES_MS);
      const value = Number(PERCENT.exec(text)?.[1]);
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(100);
      expect(text).toMatch(/OK|Warning|Critical/);
    }
    for (const name of ['Active connections', 'Request rate']) {
      const text = await tileText(tileOf(page, name), /No data/, CHANGE_MS);
      expect(text).toMatch(/no series/i);
      expect(text).not.toMatch(/\b0\b/);
    }
    expect(
      await page
        .getByRole('listitem')
        .filter({ has: page.getByRole('heading', { level: 2 }) })
        .count()
    ).toBe(4);
    const sparkline = tileOf(page, 'Memory usage').getByRole('img', { name: /^Memory usage: .* last \d/ });
    await sparkline.locator('svg').waitFor({ timeout: FIRST_VALUES_MS });
    await page
      .getByTestId('promkeep-archive')
      .filter({ hasText: /samples in \d+ series/ })
      .waitFor();
    expect(await page.getByRole('status').innerText()).toBe('Live');
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [], foreignRequests: [] });
    // Told by the server, not asked for.
    expect(watch.requests.filter((url) => url.includes('/api/live'))).toHaveLength(1);
    expect(watch.requests.filter((url) => url.includes('/api/frames'))).toEqual([]);
  });

  it('draws what the archive holds, for the mouse, the keyboard and as a table', async () => {
    const { page, watch } = await open();
    const chart = chartOf(page);
    await chart.and(page.locator('[aria-valuetext$="%"]')).waitFor({ timeout: FIRST_VALUES_MS });
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: \d+\.\d%$/);
    const box = await chart.boundingBox();
    if (!box) {
      throw new Error('The chart is not laid out.');
    }
    await page.mouse.move(box.x + box.width - 12, box.y + 40);
    expect(await page.getByTestId('promkeep-tooltip').innerText()).toMatch(PERCENT);
    await page.mouse.move(0, 0);
    await chart.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    expect(await page.getByTestId('promkeep-tooltip').innerText()).toMatch(PERCENT);
    await page.keyboard.press('Escape');
    await page.getByText('Values as a table').click();
    const rows = page.getByRole('region', { name: 'Memory usage: values as a table' }).getByRole('row');
    await rows.filter({ hasText: /\d%/ }).first().waitFor();
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-history.png'), fullPage: true });
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [], foreignRequests: [] });
  });

  it('looks at a piece by dragging, keeps it in the address, and goes back by a double click', async () => {
    const { page } = await open();
    const chart = chartOf(page);
    await chart.and(page.locator('[aria-valuetext$="%"]')).waitFor({ timeout: FIRST_VALUES_MS });
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    if (!box) {
      throw new Error('The chart is not laid out.');
    }
    await page.mouse.move(box.x + box.width - 160, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 60, box.y + 50, { steps: 4 });
    await page.getByTestId('promkeep-selection').waitFor();
    await page.mouse.up();
    await page.getByText(/^\d{4}-\d\d-\d\d [\d:]+ – \d{4}/).waitFor();
    const address = new URL(page.url()).searchParams;
    const [fromMs, toMs] = ['from', 'to'].map((name) => Date.parse(address.get(name) ?? ''));
    expect(toMs - fromMs).toBeGreaterThan(10_000);
    expect(toMs - fromMs).toBeLessThan(900_000);
    await page.reload();
    await page.getByText(/^\d{4}-\d\d-\d\d [\d:]+ – \d{4}/).waitFor();
    await page.getByRole('radio', { name: '15 minutes' }).check({ force: true });
    await chart.hover();
    await page.mouse.down();
    await page.mouse.move(box.x + 80, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Zoom back' }).waitFor();
    await chart.dblclick();
    await page.waitForURL(/\?last=15m$/);
    expect(await page.getByRole('radio', { name: '15 minutes' }).isChecked()).toBe(true);
  });

  it('says which part of the address it cannot read', async () => {
    const { page } = await open();
    await page.goto(`${stack.origin}/dashboard?last=yesterday`);
    await page.getByRole('alert').filter({ hasText: 'yesterday' }).waitFor();
    expect(await page.getByRole('radio', { name: '15 minutes' }).isChecked()).toBe(true);
  });

  it('is light on paper, a chart a row', async () => {
    const { page } = await open({ colorScheme: 'dark', viewport: { width: 1280, height: 900 } });
    await chartOf(page).waitFor({ timeout: FIRST_VALUES_MS });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.waitForFunction(() => document.documentElement.style.colorScheme === 'light');
    await page.waitForFunction(() => (document.querySelector('[role=slider]')?.clientWidth ?? 0) > 1_000);
    expect(await page.getByRole('button', { name: 'Custom' }).isVisible()).toBe(false);
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-print.png'), fullPage: true });
  });

  // [R11]
  it('draws what Prometheus has where there is no archive, all of many series to be found', async () => {
    const origin = await stack.startPlainServer();
    const { page, watch } = await open({ viewport: { width: 1280, height: 1_000 } });
    watch.foreignRequests.length = 0;
    await page.goto(`${origin}/dashboard`);
    await page.getByText(/PROMKEEP_DATABASE_URL/).waitFor();
    await chartOf(page).and(page.locator('[aria-valuetext$="%"]')).waitFor({ timeout: FIRST_VALUES_MS });
    const card = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: 'Parts of memory', level: 3 }) });
    await card.scrollIntoViewIfNeeded();
    await card.getByText(/^sum of \d\d series$/).waitFor();
    await card.getByRole('button', { name: 'Parts of memory: draw each series' }).click();
    await card.getByText(/^20 of \d\d, largest by last value$/).waitFor();
    await card.getByRole('searchbox').fill('memtotal');
    await card.getByText(/^1 of 1 that match/).waitFor();
    await card.getByRole('searchbox').fill('');
    await card.getByText(/^All \d\d series$/).click();
    const rows = card.getByRole('region', { name: /all \d\d series as a table/ }).getByRole('row');
    await rows.nth(25).waitFor();
    await card.getByText('What this shows').click();
    await card.getByText('{__name__=~"node_memory_.*_bytes"}').waitFor();
    await card.getByRole('button', { name: 'node_memory_MemTotal_bytes' }).click();
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-no-archive.png'), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  });

  it('draws more of the history as it is recorded, without being asked', async () => {
    const { page } = await open();
    const chart = chartOf(page);
    await chart.and(page.locator('[aria-valuetext$="%"]')).waitFor({ timeout: FIRST_VALUES_MS });
    const before = await chart.getAttribute('aria-valuetext');
    await page.waitForFunction(
      (text) => {
        const now = document.querySelector('[role=slider]')?.getAttribute('aria-valuetext');
        return now && now !== text && now.endsWith('%');
      },
      before,
      { timeout: CHANGE_MS }
    );
  });

  it('asks by itself where streams do not come through', async () => {
    const { page } = await open({}, (opened) => opened.route('**/api/live*', (route) => route.abort()));
    await tileText(tileOf(page, 'Memory usage'), PERCENT, FIRST_VALUES_MS);
    expect(await page.getByRole('status').innerText()).toBe('Live');
    await chartOf(page).waitFor({ timeout: CHANGE_MS });
  });

  // [R11]
  it.each(['light', 'dark'] as const)('has no accessibility violation in the %s theme', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    await tileOf(page, 'CPU usage').getByRole('img').waitFor({ timeout: FIRST_VALUES_MS });
    await chartOf(page).waitFor({ timeout: FIRST_VALUES_MS });
    await page.getByText('Values as a table').click();
    await page.getByRole('button', { name: 'Custom' }).click();
    await page.screenshot({ path: path.join(ARTIFACTS, `dashboard-${colorScheme}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  });

  it.each([320, 400])('fits on a phone of %d pixels without scrolling sideways', async (width) => {
    const { page } = await open({ viewport: { width, height: 740 }, colorScheme: 'dark', hasTouch: true });
    await chartOf(page).scrollIntoViewIfNeeded();
    await chartOf(page).tap();
    await page.getByTestId('promkeep-tooltip').waitFor();
    await page.getByRole('button', { name: 'Custom' }).click();
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overhang).toBeLessThanOrEqual(0);
    await page.screenshot({ path: path.join(ARTIFACTS, `dashboard-phone-${width}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it('moves nothing for readers who want it so', async () => {
    const { page } = await open({ reducedMotion: 'reduce' });
    await chartOf(page).hover();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  it('speaks Korean', async () => {
    const { page } = await open({ locale: 'ko-KR' }, (opened) => opened.setViewportSize({ width: 1280, height: 900 }));
    await page.getByRole('heading', { name: '기록' }).waitFor({ timeout: CHANGE_MS });
    await page.getByText('이 프로그램이 기록 중').waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('ko-KR');
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-korean.png'), fullPage: true });
  });

  // [R11]
  it('works by keyboard', async () => {
    const { page, watch } = await open({ colorScheme: 'light' });
    await page.keyboard.press('Tab');
    const quarter = page.getByRole('radio', { name: '15 minutes' });
    expect(await quarter.evaluate((element) => element === document.activeElement)).toBe(true);
    const asked = page.waitForRequest(/rangeMs=3600000$/);
    await page.keyboard.press('ArrowRight');
    await asked;
    expect(await page.getByRole('radio', { name: '1 hour' }).isChecked()).toBe(true);
    expect(new URL(page.url()).search).toBe('?last=1h');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('From').evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    const custom = page.getByRole('button', { name: 'Custom' });
    expect(await custom.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByLabel('From').fill('2026-01-02T03:00:00');
    await page.keyboard.press('Enter');
    await page.getByText('2026-01-02 03:00:00 –').waitFor();
    expect(new URL(page.url()).searchParams.get('from')).toMatch(/^2026-01-0\dT/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.getByRole('switch', { name: 'Dark theme' }).isChecked()).toBe(true);
    expect(await page.evaluate(() => document.documentElement.style.colorScheme)).toBe('dark');
    await page.goto(`${stack.origin}/dashboard`);
    await tileOf(page, 'CPU usage').waitFor();
    expect(await page.getByRole('switch', { name: 'Dark theme' }).isChecked()).toBe(true);
    expect(await page.getByRole('radio', { name: '1 hour' }).isChecked()).toBe(true);
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [] });
  });

  it('says so when Prometheus is gone, recovers when it is back, and shows the gap', async () => {
    const { page, watch } = await open();
    const memory = tileOf(page, 'Memory usage');
    await tileText(memory, PERCENT, FIRST_VALUES_MS);
    await stack.stopPrometheus();
    const tiles = await page.getByTestId('promkeep-tile').count();
    const gone = await tileText(memory, /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, \d+s ago/, CHANGE_MS);
    expect(gone).toMatch(PERCENT);
    expect(gone).toMatch(/was OK/);
    const status = await page.getByRole('status').innerText();
    expect(status).toMatch(/^No answer since \d\d:\d\d:\d\d; retrying\. .*127\.0\.0\.1:\d+: connection refused/i);
    expect(
      await page
        .getByText(/connection refused/i)
        .filter({ visible: true })
        .count()
    ).toBe(1);
    expect(await page.getByTestId('promkeep-tile').count()).toBe(tiles);
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-prometheus-down.png'), fullPage: true });
    await stack.startPrometheus();
    await tileText(memory, PERCENT, CHANGE_MS);
    const gap = chartOf(page).getByTestId('promkeep-gap').last();
    await gap.waitFor({ timeout: CHANGE_MS, state: 'attached' });
    await page.getByText(/1 gap \(hatched\): .*Prometheus had no data; will be asked for again/).waitFor();
    await page.getByText('Values as a table').click();
    const table = page.getByRole('region', { name: 'Memory usage: values as a table' });
    expect(await table.innerText()).toContain('Missing: Prometheus had no data');
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-gap.png'), fullPage: true });
    expect(watch.policyViolations).toEqual([]);
  });

  it('says so when the database is gone, goes on showing values, and recovers', async () => {
    const { page } = await open();
    await tileText(tileOf(page, 'Memory usage'), PERCENT, FIRST_VALUES_MS);
    await chartOf(page).waitFor({ timeout: FIRST_VALUES_MS });
    await stack.stopPostgres();
    const failure = page.getByTestId('promkeep-archive-failure');
    await failure.waitFor({ timeout: CHANGE_MS });
    expect(await failure.innerText()).toMatch(/The archive does not answer; retrying\. .*127\.0\.0\.1/);
    expect(await failure.innerText()).not.toMatch(/postgres:\/\//);
    await tileText(tileOf(page, 'Memory usage'), PERCENT, CHANGE_MS);
    expect(await page.getByRole('status').innerText()).toBe('Live');
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-database-down.png'), fullPage: true });
    await stack.startPostgres();
    await failure.waitFor({ state: 'detached', timeout: CHANGE_MS });
    await chartOf(page).waitFor();
  });

  it('says so when its own server is gone, shows the last values as such, and recovers', async () => {
    const { page } = await open();
    const memory = tileOf(page, 'Memory usage');
    await tileText(memory, PERCENT, FIRST_VALUES_MS);
    await stack.stopServer();
    const status = page.getByRole('status');
    await status.filter({ hasText: /^No answer since \d\d:\d\d:\d\d; retrying/ }).waitFor({ timeout: CHANGE_MS });
    expect(await tileText(memory, /\ds ago/, CHANGE_MS)).toMatch(PERCENT);
    await stack.startServer();
    await status.filter({ hasText: /^Live$/ }).waitFor({ timeout: CHANGE_MS });
    await tileText(memory, PERCENT, CHANGE_MS);
  });
});
