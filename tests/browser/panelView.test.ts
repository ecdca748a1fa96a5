import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { GalleryServer } from './galleryServer';
import { watchPage, type PageWatch } from './pageWatch';

jest.setTimeout(120_000);

const ARTIFACTS = path.resolve(__dirname, '../../artifacts');

let gallery: GalleryServer;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(ARTIFACTS, { recursive: true });
  gallery = await GalleryServer.start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync'],
  });
});

afterAll(async () => {
  await browser?.close();
  await gallery?.stop();
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

async function open(query: string, options: BrowserContextOptions = {}): Promise<{ page: Page; watch: PageWatch }> {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, ...options });
  const page = await context.newPage();
  const watch = await watchPage(page, gallery.origin);
  await page.goto(`${gallery.origin}/?${query}`);
  const name = query.includes('language=ko') ? 'CPU 사용률' : 'CPU usage';
  await page.getByRole('heading', { name, exact: true }).first().waitFor();
  return { page, watch };
}

async function violationsIn(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe('the view of the panel in Chromium', () => {
  it.each([
    ['light', 'en'],
    ['dark', 'en'],
    ['dark', 'ko'],
  ])('has no accessibility violation in the %s theme, language %s', async (theme, language) => {
    const { page, watch } = await open(`theme=${theme}&language=${language}`);
    await page.screenshot({ path: path.join(ARTIFACTS, `panel-${theme}-${language}.png`), fullPage: true });
    expect(await violationsIn(page)).toEqual([]);
    expect(watch).toMatchObject({ consoleErrors: [], policyViolations: [], foreignRequests: [] });
  });

  it('shows the details on focus, within its policy and within axe, and Escape closes them', async () => {
    const { page, watch } = await open('theme=light');
    await page.keyboard.press('Tab');
    const tooltip = page.getByRole('tooltip');
    await tooltip.waitFor();
    expect(await tooltip.innerText()).toMatch(/2026-01-02 03:04:00[\s\S]*Up by 5\.4 pp against yesterday/);
    // "region": axe wants every text in a landmark, but a tooltip lies beside them on purpose.
    expect((await violationsIn(page)).filter((violation) => !violation.startsWith('region'))).toEqual([]);
    await page.screenshot({ path: path.join(ARTIFACTS, 'panel-details.png') });
    await page.keyboard.press('Escape');
    expect(await tooltip.count()).toBe(0);
    expect(watch.policyViolations).toEqual([]);
  });

  it('keeps the details open while the pointer is in them', async () => {
    const { page } = await open('theme=dark');
    await page.getByRole('button', { name: 'Details of CPU usage', exact: true }).first().hover();
    const tooltip = page.getByRole('tooltip');
    await tooltip.hover();
    await page.waitForTimeout(400);
    expect(await tooltip.isVisible()).toBe(true);
    await page.mouse.move(5, 5);
    await tooltip.waitFor({ state: 'detached' });
  });

  it('moves nothing for who wants no motion', async () => {
    const durations = async (page: Page) =>
      page
        .getByTestId('promkeep-tile')
        .evaluateAll((tiles) => [...new Set(tiles.map((tile) => getComputedStyle(tile).transitionDuration))]);
    const calm = await open('theme=light', { reducedMotion: 'reduce' });
    expect(await durations(calm.page)).toEqual(['0s']);
    const lively = await open('theme=light', { reducedMotion: 'no-preference' });
    expect(await durations(lively.page)).toEqual(['0.3s']);
  });

  it('downloads the values shown as standard records, even under the policy', async () => {
    const { page, watch } = await open('theme=light');
    const waiting = page.waitForEvent('download');
    await page.getByRole('region', { name: 'states' }).getByRole('button', { name: 'Download CSV' }).click();
    const download = await waiting;
    const text = readFileSync(await download.path(), 'utf8');
    expect(download.suggestedFilename()).toBe('summary.csv');
    expect(text).toContain('cpu_usage,42.4,2026-01-02T03:04:00.000Z');
    expect(text).not.toContain('active_connections');
    expect(watch.policyViolations).toEqual([]);
  });

  it('draws of 220 tiles only what is in view, and keeps all of the shown ones within reach', async () => {
    const context = await browser.newContext({ viewport: { width: 1240, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${gallery.origin}/?theme=dark&many=220`);
    const lines = page.locator('[role=img][aria-label^="CPU usage"]');
    await lines.first().waitFor();
    const drawn = () => page.locator('[role=img][aria-label^="CPU usage"] svg').count();
    await page.waitForFunction(() => document.querySelectorAll('[role=img] svg').length > 10);
    expect(await lines.count()).toBe(200);
    expect(await drawn()).toBeLessThan(60);
    expect(await page.getByRole('status').innerText()).toBe('20 more not shown');
    // Every tile is in the accessibility tree, drawn or not.
    expect(
      await page
        .getByRole('listitem')
        .filter({ has: page.getByRole('button') })
        .count()
    ).toBe(200);
    const last = page.getByRole('button', { name: 'Details of CPU usage (web-200)' });
    await last.focus();
    await page.getByRole('tooltip').waitFor();
    await page.waitForFunction(() => {
      const box = document.querySelector('[role=img][aria-label^="CPU usage (web-200)"]');
      return box?.querySelector('svg');
    });
    expect(await drawn()).toBeLessThan(60);
  });

  it('fits 200 pixels', async () => {
    const { page } = await open('theme=light&width=200', { viewport: { width: 240, height: 700 } });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overhang).toBeLessThanOrEqual(0);
    await page.screenshot({ path: path.join(ARTIFACTS, 'panel-200px.png') });
    expect(await violationsIn(page)).toEqual([]);
  });
});
