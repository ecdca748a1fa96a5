import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Client } from 'pg';
import { createArchive } from '../../pkg/archive/archive';
import { type ArchiveUpkeep, createUpkeep } from '../../pkg/archive/upkeep/upkeep';
import { type ArchiveConnection, connectionFromUrl } from '../../pkg/archive/connect/connection';
import { type ArchiveWishes } from '../../pkg/archive/connect/archiveWishes';
import { type StatementLimits } from '../../pkg/archive/connect/statementLimits';
import { type Archive, type SourceIdentity } from '../../pkg/core/ports/archive';
import { type Logger } from '../../pkg/core/ports/logger';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';

/** 2026-01-01T00:00:00Z, a Thursday. */
export const T0 = 1_767_225_600_000;
export const SOURCE: SourceIdentity = { orgId: 1, name: 'default' };

/** After everything the tests write, also what they write now. */
const LONG_AFTER = Math.max(T0 + 400 * 86_400_000, Date.now() + 40 * 86_400_000);

export interface Server {
  name: string;
  binDir?: string;
}

const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/** Further servers by their `bin` directories, separated as in PATH; the first one is also that of the archiver's suites. */
export const ADDED_SERVERS: Server[] = (process.env.PROMKEEP_TEST_POSTGRES_BIN ?? '')
  .split(path.delimiter)
  .filter((binDir) => binDir !== '')
  .map((binDir) => ({ name: versionIn(binDir), binDir }));

/** The one server of a stage of its own (scripts/test.mjs), else those of all suites. */
export const VERSION_SERVERS = (): Server[] => {
  const binDir = process.env.PROMKEEP_TEST_ONLY_POSTGRES_BIN;
  return binDir === undefined ? SERVERS : [{ name: versionIn(binDir), binDir }];
};

/**
 * The servers every suite of the archive runs on: npm's embedded one, Debian's 15 where it is installed, and those named
 * in the environment.
 */
export const SERVERS: Server[] = [
  { name: 'embedded PostgreSQL' },
  ...(existsSync(`${DEBIAN_15}/postgres`) ? [{ name: "Debian's PostgreSQL 15", binDir: DEBIAN_15 }] : []),
  ...ADDED_SERVERS,
];

function versionIn(binDir: string): string {
  return `added ${execFileSync(path.join(binDir, 'postgres'), ['--version'], { encoding: 'utf8' })
    .replace(/[()]/g, '')
    .trim()}`;
}

/** One server for a test file, and fresh databases in it. */
export class TestServer {
  private running: RunningPostgres | undefined;
  private databases = 0;
  private readonly closers: Array<() => Promise<void>> = [];

  constructor(
    private readonly server: Server,
    private readonly settings: Record<string, string> = {}
  ) {}

  async start(): Promise<void> {
    this.running = await startPostgres({ binDir: this.server.binDir, settings: this.settings });
  }

  async stop(): Promise<void> {
    await this.closeAll();
    await this.running?.stop();
  }

  /** Ends the connections and archives of one test. */
  async closeAll(): Promise<void> {
    await Promise.all(this.closers.splice(0).map((close) => close()));
  }

  get postgres(): RunningPostgres {
    if (this.running === undefined) {
      throw new Error('The server is not running');
    }
    return this.running;
  }

  async freshDatabase(): Promise<string> {
    return this.postgres.createDatabase(`test_${++this.databases}`);
  }

  async client(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    this.closers.push(() => client.end());
    return client;
  }

  archive(
    url: string,
    overrides: { source?: SourceIdentity; connection?: Partial<ArchiveConnection>; logger?: Logger } = {}
  ): Archive {
    const archive = createArchive({
      connection: { ...connectionFromUrl(url), ...overrides.connection },
      source: overrides.source ?? SOURCE,
      logger: overrides.logger ?? silentLogger,
      clock: { nowMs: () => T0 + 3_600_000 },
    });
    this.closers.push(() => archive.close());
    return archive;
  }

  /** The date of everything that waits has come, on the database's clock; the next upkeep carries it out. */
  async endGrace(url: string): Promise<void> {
    const client = await this.client(url);
    await client.query('UPDATE promkeep_pending SET effective_at = now()');
  }

  /** Background jobs whose clock stands at `nowMs`; by default long after everything the tests write. */
  jobs(url: string, nowMs = LONG_AFTER, wishes?: ArchiveWishes, limits?: StatementLimits): ArchiveUpkeep {
    const jobs = createUpkeep({
      connection: connectionFromUrl(url),
      logger: silentLogger,
      clock: { nowMs: () => nowMs },
      wishes,
      limits,
    });
    this.closers.push(() => jobs.close());
    return jobs;
  }
}

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Tests assert on results, not on log lines.
}
