// @ts-check
const { join } = require('node:path');

const root = join(__dirname, '../..');

/**
 * Against the Grafana at GRAFANA_URL; started by scripts/e2e.mjs, which names the browser and the folder for what comes out.
 *
 * @type {import('@playwright/test').PlaywrightTestConfig}
 */
module.exports = {
  testDir: __dirname,
  outputDir: join(root, 'artifacts/e2e/results'),
  reporter: [['list'], ['json', { outputFile: join(root, 'artifacts/test-results/e2e.json') }]],
  // one Grafana for all, which serves plugins from one process
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    baseURL: process.env.GRAFANA_URL,
    viewport: { width: 1280, height: 800 },
    locale: 'en-US',
    actionTimeout: 30_000,
    screenshot: 'only-on-failure',
    trace: 'off',
    launchOptions: {
      // an installed browser: nothing is downloaded
      executablePath: process.env.PROMKEEP_CHROMIUM,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
        ...['--disable-background-networking', '--disable-component-update'],
      ],
    },
  },
  projects: [
    { name: 'login', testDir: join(root, 'node_modules/@grafana/plugin-e2e/dist/auth'), testMatch: /.*\.js/ },
    {
      name: 'specs',
      dependencies: ['login'],
      testMatch: /.*\.spec\.ts/,
      use: {
        storageState: join(root, `artifacts/e2e/playwright/.auth/${process.env.GRAFANA_ADMIN_USER || 'admin'}.json`),
      },
    },
  ],
};
