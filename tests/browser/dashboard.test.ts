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

async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; watch: PageWatch }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 560 }, ...options });
  const page = await context.newPage();
  openPages.push(page);
  const watch = await watchPage(page, stack.origin);
  await page.goto(`${stack.origin}/dashboard`);
  await tileOf(page, 'CPU usage').waitFor();
  return { page, watch };
}

function tileOf(page: Page, name: string): Locator {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
}

/** The text of a tile once it matches. */
async function tileText(tile: Locator, pattern: RegExp, timeout: number): Promise<string> {
  const matching = tile.filter({ hasText: pattern });
  await matching.waitFor({ timeout });
  return (await matching.innerText()).replaceAll('\n', ' ');
}

const PERCENT = /(\d+(\.\d+)?)\s*%/;

describe('the dashboard in Chromium', () => {
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
    expect(await page.getByRole('listitem').count()).toBe(4);
    const sparkline = tileOf(page, 'Memory usage').getByRole('img', { name: /^Memory usage: .* last \d/ });
    await sparkline.locator('svg').waitFor({ timeout: FIRST_VALUES_MS });
    await page
      .getByTestId('promkeep-archive')
      .filter({ hasText: /samples in \d+ series/ })
      .waitFor();
    expect(await page.getByRole('status').innerText()).toBe('Live');
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [], foreignRequests: [] });
  });

  it.each(['light', 'dark'] as const)('has no accessibility violation in the %s theme', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    await tileOf(page, 'CPU usage').getByRole('img').waitFor({ timeout: FIRST_VALUES_MS });
    await page.screenshot({ path: path.join(ARTIFACTS, `dashboard-${colorScheme}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  });

  it('fits on a phone without scrolling sideways', async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overhang).toBeLessThanOrEqual(0);
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-phone.png'), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it('works by keyboard', async () => {
    const { page, watch } = await open({ colorScheme: 'light' });
    await page.keyboard.press('Tab');
    const hour = page.getByRole('radio', { name: '1 hour' });
    expect(await hour.evaluate((element) => element === document.activeElement)).toBe(true);
    const asked = page.waitForRequest(/rangeMs=21600000$/);
    await page.keyboard.press('ArrowRight');
    await asked;
    expect(await page.getByRole('radio', { name: '6 hours' }).isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.getByRole('switch', { name: 'Dark theme' }).isChecked()).toBe(true);
    expect(await page.evaluate(() => document.documentElement.style.colorScheme)).toBe('dark');
    await page.reload();
    await tileOf(page, 'CPU usage').waitFor();
    expect(await page.getByRole('switch', { name: 'Dark theme' }).isChecked()).toBe(true);
    expect(await page.getByRole('radio', { name: '6 hours' }).isChecked()).toBe(true);
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [] });
  });

  it('says so when Prometheus is gone, and recovers when it is back', async () => {
    const { page, watch } = await open();
    const memory = tileOf(page, 'Memory usage');
    await tileText(memory, PERCENT, FIRST_VALUES_MS);
    await stack.stopPrometheus();
    const gone = await tileText(memory, /No data/, CHANGE_MS);
    expect(gone).toMatch(/cannot reach 127\.0\.0\.1:\d+: connection refused/i);
    expect(gone).toMatch(/Last seen \d{4}-\d\d-\d\d/);
    expect(gone).not.toMatch(PERCENT);
    await page.screenshot({ path: path.join(ARTIFACTS, 'dashboard-prometheus-down.png'), fullPage: true });
    await stack.startPrometheus();
    await tileText(memory, PERCENT, CHANGE_MS);
    expect(watch.policyViolations).toEqual([]);
  });

  it('says so when its own server is gone, takes the values back, and recovers', async () => {
    const { page } = await open();
    const memory = tileOf(page, 'Memory usage');
    await tileText(memory, PERCENT, FIRST_VALUES_MS);
    await stack.stopServer();
    const status = page.getByRole('status');
    await status.filter({ hasText: /^No answer since \d\d:\d\d:\d\d; retrying/ }).waitFor({ timeout: CHANGE_MS });
    expect(await tileText(memory, /No data/, CHANGE_MS)).toMatch(/Last seen/);
    await stack.startServer();
    await status.filter({ hasText: /^Live$/ }).waitFor({ timeout: CHANGE_MS });
    await tileText(memory, PERCENT, CHANGE_MS);
  });
});
