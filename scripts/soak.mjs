// The long variants of suites (docs/soak.md):
//   npm run test:soak -- --kills 500 --seed 7         kill -9 of the archiver, compared with Prometheus every ten
//   npm run test:soak -- --what raw --kills 100       kill -9 of everything while raw series are collected
//   npm run test:soak -- --what promql                every PromQL from the archive, after ten minutes of scraping
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    what: { type: 'string', default: 'recorded' },
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
});
const SUITES = { recorded: 'archiverKills', raw: 'rawKills', promql: 'promqlEquality' };
const suite = SUITES[values.what];
if (suite === undefined) {
  throw new Error(`--what must be one of ${Object.keys(SUITES).join(', ')}`);
}
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, '--testPathPattern', `tests/integration/${suite}`], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PROMKEEP_SOAK_KILLS: values.kills,
    PROMKEEP_SOAK_SEED: values.seed,
    PROMKEEP_SOAK_SCRAPE_MS: '600000',
  },
});
process.exitCode = status ?? 1;
