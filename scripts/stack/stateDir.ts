import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { everybodyCanEnter, ROOT_STATE_DIR } from './postgresBinaries';

/** Where `npm start` keeps things of this checkout between runs; git ignores it. */
export interface StateDir {
  dir: string;
  logs: string;
  /** Where PostgreSQL's own user can reach it. */
  postgres: string;
  secrets: Secrets;
}

export interface Secrets {
  ownerPassword: string;
  monitorPassword: string;
  grafanaPassword: string;
}

export async function openStateDir(root: string): Promise<StateDir> {
  const dir = await makeDir(root);
  const logs = path.join(dir, 'logs');
  await rm(logs, { recursive: true, force: true });
  await mkdir(logs, { mode: 0o700 });
  return {
    dir,
    logs,
    postgres: await postgresDir(dir),
    secrets: await keptSecrets(path.join(dir, 'secrets.json')),
  };
}

/** Entered by PostgreSQL's user, listed by nobody else; every file in it has its own mode. */
async function makeDir(root: string): Promise<string> {
  const dir = process.env.PROMKEEP_STATE_DIR || path.join(root, '.promkeep');
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o711);
  return dir;
}

/** As root PostgreSQL runs as another user, who cannot enter a checkout below, say, /root. */
async function postgresDir(dir: string): Promise<string> {
  if (process.getuid?.() !== 0 || (await everybodyCanEnter(dir))) {
    return path.join(dir, 'postgres');
  }
  const name = createHash('sha256').update(dir).digest('hex').slice(0, 12);
  return path.join(ROOT_STATE_DIR, name);
}

async function keptSecrets(file: string): Promise<Secrets> {
  const kept: unknown = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
  const text = (name: string): string => {
    const value: unknown = Object(kept)[name];
    return typeof value === 'string' && value !== '' ? value : randomBytes(24).toString('base64url');
  };
  const secrets = {
    ownerPassword: text('ownerPassword'),
    monitorPassword: text('monitorPassword'),
    grafanaPassword: text('grafanaPassword'),
  };
  await writeFile(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

/** Makes this process the only one that runs the stack of this checkout; gives what releases that. */
export async function takeLock(root: string): Promise<() => Promise<void>> {
  const file = path.join(await makeDir(root), 'start.pid');
  const release = (): Promise<void> => rm(file, { force: true });
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(String(process.pid));
      await handle.close();
      return release;
    } catch (error) {
      const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (attempt > 0 || (await isStart(pid))) {
        throw new Error(
          `Promkeep is running already in this folder (pid ${pid}). Its addresses: .promkeep/addresses.json`,
          {
            cause: error,
          }
        );
      }
      await release();
    }
  }
}

async function isStart(pid: number): Promise<boolean> {
  if (pid <= 0 || pid === process.pid) {
    return false;
  }
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return (
    process.platform !== 'linux' ||
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes('start.mjs')
  );
}
