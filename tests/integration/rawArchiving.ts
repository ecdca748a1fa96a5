import { rawSpan } from '../../pkg/core/model/rawSeries';
import { type LedgerEntry } from '../../pkg/core/ports/ledger';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { startPostgres } from '../../scripts/stack/postgres';
import { TestServer } from './archiveServers';
import { STACK_POSTGRES } from './archiverStack';
import { serve, type ServingProgram, temporaryFile, until } from './promkeepProgram';

/** `promkeep serve` that keeps every series of a source as it is. */

export const RAW_NAME = 'everything';

/** Pieces of one minute, from eight hours back; a minute counts as covered where anything was scraped in it. */
export function rawConfig(options: { lease?: string; backfill?: string | undefined } = {}): string {
  return `
prometheus: {scrape_interval: 3s, scrape_timeout: 1s}
archive:
  lease: ${options.lease ?? '2s'}
  settle: 5s
  backfill: ${options.backfill ?? '8h'}
  probe: count(count_over_time(up[1m]))
  raw_piece: 1m
  raw_series: [{name: ${RAW_NAME}, match: ['{__name__=~".+"}'], retention: forever}]
recorded_queries: []
`;
}

export interface Archived {
  url: string;
  program: ServingProgram;
  stop(): Promise<void>;
}

/** Starts PostgreSQL and Promkeep, and waits until all that the source holds until `untilMs` is archived. */
export async function archiveAll(prometheusUrl: string, untilMs: number, backfill?: string): Promise<Archived> {
  const config = await temporaryFile('promkeep.yaml', rawConfig({ backfill }));
  const postgres = await startPostgres(STACK_POSTGRES);
  const program = await serve({
    args: ['--config', config.file],
    environment: { PROMETHEUS_URL: prometheusUrl, PROMKEEP_DATABASE_URL: postgres.url },
  });
  const stop = async (): Promise<void> => {
    await program.process.stop();
    await postgres.stop();
    await config.remove();
  };
  await coveredUntil(postgres.url, untilMs).catch(async (error: unknown) => {
    const output = program.process.output();
    await stop();
    throw new Error(`${String(error)}\n${output.slice(-3_000)}`);
  });
  return { url: program.url, program, stop };
}

/** Waits until the definition is covered, or known to miss what the source had not, until then. */
export async function coveredUntil(databaseUrl: string, untilMs: number, limitMs = 240_000): Promise<void> {
  const server = new TestServer({ name: 'running' });
  const { ledger } = server.archive(databaseUrl);
  const entry = async (): Promise<LedgerEntry | undefined> =>
    (await ledger.entries()).find(({ name }) => name === RAW_NAME);
  const isThere = async (): Promise<boolean> => {
    const { covered = [], gaps = [] } = (await entry()) ?? {};
    const known = [...covered, ...gaps.filter(({ reason }) => reason === 'source-had-no-data')];
    return known.some((range) => rawSpan(range).toMs >= untilMs);
  };
  try {
    await until('all is archived', isThere, limitMs).catch(async (error: unknown) => {
      throw new Error(`${String(error)} (${untilMs}): ${JSON.stringify(await entry())}`);
    });
  } finally {
    await server.closeAll();
  }
}

export async function coverageOf(databaseUrl: string): Promise<TimeRange[]> {
  const server = new TestServer({ name: 'running' });
  try {
    return await server.archive(databaseUrl).ledger.coverage(RAW_NAME);
  } finally {
    await server.closeAll();
  }
}
