// `npm run test:soak`: hundreds of kill -9 of the archiver at random moments, compared with Prometheus every ten.
//   npm run test:soak -- --kills 500 --seed 7
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } },
});
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, '--testPathPattern', 'tests/integration/archiverKills'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PROMKEEP_SOAK_KILLS: values.kills, PROMKEEP_SOAK_SEED: values.seed },
});
process.exitCode = status ?? 1;
