// Installs Debian packages without letting their services start: Debian starts Prometheus and the exporters on 0.0.0.0 as part
// of the installation. No npm package is needed, and Node 18 will do. Also a command: node scripts/systemPackages.mjs <package>…
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runQuietly } from './runProgram.mjs';

const POLICY = '/usr/sbin/policy-rc.d';
const SET_ASIDE = `${POLICY}.before-promkeep`;
/** What a policy answers to forbid a start. */
const FORBIDDEN = 101;

/** The path of the first of these programs that is on PATH. */
export function findProgram(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/lib/postgresql/15/bin'];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export const canInstall = () => process.getuid?.() === 0 && findProgram('apt-get') !== undefined;

/** The one line a person runs when we may not. */
export function installLine(packages) {
  return findProgram('apt-get') === undefined
    ? `Install these programs so that they are on PATH: ${packages.join(', ')}.`
    : `sudo ${process.execPath} scripts/systemPackages.mjs ${packages.join(' ')}`;
}

/** Installs with apt-get; the services of these packages neither start now nor at the next boot. */
export async function installPackages(packages) {
  console.log(`Installing Debian packages (their services stay off): ${packages.join(' ')}`);
  forbidStarts();
  try {
    const options = { root: '/', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    await runQuietly('apt-get', ['update', '-qq'], options);
    await runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options);
    packages.forEach(turnOffAtBoot);
  } finally {
    restorePolicy();
  }
}

function forbidStarts() {
  restorePolicy();
  if (existsSync(POLICY)) {
    if (spawnSync(POLICY, ['prometheus', 'start'], { stdio: 'ignore' }).status === FORBIDDEN) {
      return;
    }
    renameSync(POLICY, SET_ASIDE);
  }
  writeFileSync(POLICY, `#!/bin/sh\n# ${MARK}\nexit ${FORBIDDEN}\n`, { mode: 0o755 });
}

const MARK = 'Promkeep: removed again after its installation of packages.';

/** Also repairs what an installation left that was killed. */
function restorePolicy() {
  if (existsSync(POLICY) && spawnSync('grep', ['-qF', MARK, POLICY]).status === 0) {
    rmSync(POLICY);
  }
  if (existsSync(SET_ASIDE)) {
    renameSync(SET_ASIDE, POLICY);
  }
}

function turnOffAtBoot(name) {
  if (existsSync(`/lib/systemd/system/${name}.service`) && existsSync('/run/systemd/system')) {
    spawnSync('systemctl', ['disable', '--now', name], { stdio: 'ignore' });
  } else if (existsSync(`/etc/init.d/${name}`)) {
    spawnSync('update-rc.d', [name, 'disable'], { stdio: 'ignore' });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  installPackages(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
