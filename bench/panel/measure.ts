// Updates of 200 values with sparklines in a real Grafana: this panel against Grafana's Stat panel with the same data.
//   GRAFANA_URL=http://127.0.0.1:3000 npx tsx bench/panel/measure.ts [seconds] [rounds]
// Grafana needs both plugins, `[dashboards] min_refresh_interval = 1s` and an Admin (GRAFANA_USER, GRAFANA_PASSWORD; admin).
import { chromium, type Browser } from 'playwright-core';

const GRAFANA = (process.env.GRAFANA_URL ?? 'http://127.0.0.1:3000').replace(/\/$/, '');
const USER = `${process.env.GRAFANA_USER ?? 'admin'}:${process.env.GRAFANA_PASSWORD ?? 'admin'}`;
const HEADERS = { authorization: `Basic ${Buffer.from(USER).toString('base64')}`, 'content-type': 'application/json' };
const SECONDS = Number(process.argv[2] ?? 30);
const ROUNDS = Number(process.argv[3] ?? 3);
const SERIES = 200;
const PANELS = ['stat', 'promkeep-summary-panel'] as const;

interface Outcome {
  updates: number;
  frames: number;
  /** Milliseconds between two frames. */
  p95Ms: number;
  worstMs: number;
  /** Frames that came later than two of 60 Hz. */
  lateShare: number;
  /** The browser's main thread busy for over 50 ms. */
  longTasks: number;
  longTaskMs: number;
}

void main();

async function main(): Promise<void> {
  const uids = await Promise.all(PANELS.map(saveDashboard));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_BIN || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
  try {
    console.log('| panel | updates | frames/s | p95 ms | worst ms | late frames | long tasks | ms each update |');
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, uid] of uids.entries()) {
        console.log(row(PANELS[i], await measure(browser, uid)));
      }
    }
  } finally {
    await browser.close();
    await Promise.all(uids.map((uid) => request('DELETE', `/api/dashboards/uid/${uid}`)));
  }
}

async function measure(browser: Browser, uid: string): Promise<Outcome> {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, extraHTTPHeaders: HEADERS });
  const page = await context.newPage();
  let updates = 0;
  // tsx names functions by a helper that the page does not have.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.goto(`${GRAFANA}/d/${uid}?refresh=1s&kiosk`);
  await page.waitForFunction((least) => document.querySelectorAll('canvas, [role=img] > svg').length >= least, 20, {
    timeout: 90_000,
  });
  await page.waitForTimeout(5_000);
  page.on('response', (response) => {
    updates += response.url().includes('/api/ds/query') ? 1 : 0;
  });
  const { gaps, tasks } = await page.evaluate(watchFrames, SECONDS * 1000);
  await context.close();
  const sorted = [...gaps].sort((a, b) => a - b);
  const longTaskMs = tasks.reduce((sum, ms) => sum + ms, 0);
  return {
    updates,
    frames: gaps.length,
    p95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? 0,
    worstMs: sorted.at(-1) ?? 0,
    lateShare: gaps.filter((ms) => ms > 34).length / Math.max(1, gaps.length),
    longTasks: tasks.length,
    longTaskMs,
  };
}

/** Runs in the page. */
function watchFrames(forMs: number): Promise<{ gaps: number[]; tasks: number[] }> {
  return new Promise((resolve) => {
    const gaps: number[] = [];
    const tasks: number[] = [];
    const observer = new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration))
    );
    observer.observe({ type: 'longtask' });
    const startMs = performance.now();
    let lastMs = startMs;
    requestAnimationFrame(function next(nowMs) {
      gaps.push(nowMs - lastMs);
      lastMs = nowMs;
      if (nowMs - startMs < forMs) {
        requestAnimationFrame(next);
      } else {
        observer.disconnect();
        resolve({ gaps: gaps.slice(1), tasks });
      }
    });
  });
}

function row(panel: string, { updates, frames, p95Ms, worstMs, lateShare, longTasks, longTaskMs }: Outcome): string {
  const cells = [
    updates,
    (frames / SECONDS).toFixed(1),
    p95Ms.toFixed(0),
    worstMs.toFixed(0),
    `${(lateShare * 100).toFixed(1)} %`,
    longTasks,
    (longTaskMs / Math.max(1, updates)).toFixed(0),
  ];
  return `| ${panel} | ${cells.join(' | ')} |`;
}

async function saveDashboard(type: string): Promise<string> {
  const uid = `promkeep-bench-${type.slice(0, 8)}`;
  const options =
    type === 'stat'
      ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area', colorMode: 'value', textMode: 'value_and_name' }
      : { maxTiles: 1000, minTileWidthPx: 120 };
  const thresholds = {
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      { color: 'red', value: 80 },
    ],
  };
  const panel = {
    id: 1,
    type,
    title: '',
    gridPos: { x: 0, y: 0, w: 24, h: 64 },
    datasource: { type: 'grafana-testdata-datasource', uid: process.env.TESTDATA_UID ?? 'testdata' },
    targets: [{ refId: 'A', scenarioId: 'random_walk', seriesCount: SERIES, spread: 4, startValue: 60 }],
    maxDataPoints: 100,
    options,
    fieldConfig: { defaults: { unit: 'percent', decimals: 1, thresholds }, overrides: [] },
  };
  const dashboard = {
    uid,
    title: uid,
    panels: [panel],
    time: { from: 'now-1h', to: 'now' },
    refresh: '1s',
    // Grafana takes an interval that is not in this list for the next longer one that is.
    timepicker: { refresh_intervals: ['1s', '5s'] },
    schemaVersion: 42,
  };
  await request('POST', '/api/dashboards/db', { dashboard, overwrite: true });
  return uid;
}

async function request(method: string, path: string, body?: unknown): Promise<void> {
  const response = await fetch(`${GRAFANA}${path}`, {
    method,
    headers: HEADERS,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
}
