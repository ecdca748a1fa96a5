// `npm run lint`: ESLint, then Prettier, which changes nothing.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './runProgram.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const CHECKS = [
  ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'],
  ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
];

for (const check of CHECKS) {
  process.exitCode = await runProgram(process.execPath, check, { root });
  if (process.exitCode !== 0) {
    break;
  }
}
