// How long the page of a running `promkeep serve` takes from navigation to the first values, in Chromium with an empty cache.
//   node bench/pageLoad.mjs http://127.0.0.1:5000/dashboard [rounds]
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [, , address, rounds = '10'] = process.argv;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

const load = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN || '/usr/bin/chromium', args: FLAGS });
const results = [];
for (let round = 0; round < Number(rounds) + 1; round++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    // The moment of the frame after the one in which the first value of a tile was put into the page.
    const observer = new MutationObserver(() => {
      if (/\d\s*%/.test(document.querySelector('main li')?.textContent ?? '')) {
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => (window.firstValuesMs = performance.now())));
      }
    });
    observer.observe(document, { childList: true, subtree: true, characterData: true });
  });
  await page.goto(address);
  await page.waitForFunction(() => window.firstValuesMs);
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
    values: window.firstValuesMs,
    bytes: performance.getEntriesByType('resource').reduce((sum, { transferSize }) => sum + transferSize, 0),
  }));
  // The first round also starts the renderer's process.
  if (round > 0) {
    results.push(times);
  }
  await context.close();
}
await browser.close();
const column = (name) => results.map((one) => one[name]);
console.log(
  JSON.stringify({
    rounds: results.length,
    load: load(),
    firstContentfulPaintMs: Math.round(median(column('paint'))),
    firstValuesMs: { median: Math.round(median(column('values'))), worst: Math.round(Math.max(...column('values'))) },
    transferredKB: Math.round(median(column('bytes')) / 1000),
  })
);
