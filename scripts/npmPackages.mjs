// Whether node_modules holds what package-lock.json asks for; compared by content, since a checkout changes file times.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Runs a program in `root`; resolves with its exit code. A signal to us goes on to it. */
export function runProgram(command, args, { root, env = process.env, stdio = 'inherit' }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    signals.forEach((signal) => process.on(signal, forward));
    const settle = (action) => {
      signals.forEach((signal) => process.off(signal, forward));
      action();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code) => settle(() => resolve(code ?? 130)));
  });
}

export async function installNpmPackages(root) {
  console.log('Installing npm packages (npm ci) …');
  const code = await runProgram('npm', ['ci', '--no-audit', '--no-fund'], { root });
  if (code !== 0) {
    throw new Error(`npm ci ended with code ${code}.`);
  }
}
