// Whether node_modules holds what package-lock.json asks for; compared by content, since a checkout changes file times.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, runQuietly } from './runProgram.mjs';

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}

export function packagesAreInstalled(root) {
  const wanted = Object.entries(readPackages(join(root, 'package-lock.json'))).filter(([path]) => path !== '');
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  // Optional packages are those of other platforms.
  return wanted.every(([path, entry]) => entry.optional === true || installed[path]?.version === entry.version);
}

export async function installNpmPackages(root) {
  console.log('Installing npm packages (npm ci; a minute or two) …');
  const [npm, ...args] = npmCommand();
  await runQuietly(npm, [...args, 'ci', '--no-audit', '--no-fund'], { root });
}
