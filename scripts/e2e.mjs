// `npm run test:e2e`: the specs in tests/e2e against a running Grafana that has both plugins and a Promkeep datasource.
//   GRAFANA_URL=http://127.0.0.1:3000 npm run test:e2e [-- playwright's options]
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './runProgram.mjs';
import { findProgram } from './systemPackages.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(`npm run test:e2e: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
);

async function main() {
  if (!process.env.GRAFANA_URL) {
    throw new Error(
      'GRAFANA_URL is not set: the address of a Grafana that runs both plugins, such as that of `npm start`.'
    );
  }
  const chromium = findProgram('chromium', 'chromium-browser', 'google-chrome');
  if (chromium === undefined) {
    throw new Error('There is no Chromium. To install: apt-get install chromium');
  }
  const playwright = join(root, 'node_modules/@playwright/test/cli.js');
  // the login is stored below the working folder
  const work = join(root, 'artifacts/e2e');
  mkdirSync(work, { recursive: true });
  const config = join(root, 'tests/e2e/playwright.config.cjs');
  const env = { ...process.env, PROMKEEP_CHROMIUM: chromium, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' };
  return runProgram(process.execPath, [playwright, 'test', '--config', config, ...process.argv.slice(2)], {
    root: work,
    env,
  });
}
