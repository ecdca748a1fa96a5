import { type RecordingAmount, type RecordingQuota, type RecordingScope } from '../../src/contract/recordedQuery';
import { openUpkeep } from '../compose/openParts';
import { PromkeepError } from '../core/model/errors';
import { grouped } from '../core/model/groupedNumber';
import { type ArchiveStatus } from '../core/ports/archive';
import { quietLogger, readConfig } from './commandConfig';
import { CLOCK, EXIT, type CommandHost, untilStopped } from './commandHost';
import { describeDeletions } from './deletions';
import { windowOf } from './ledger';
import { formatTable } from './table';
import { type ArchiveCommandOptions, archiveOf, withArchive } from './withArchive';

/** `promkeep migrate`: brings the archive's tables up to date. */
export function runMigrate(host: CommandHost, options: ArchiveCommandOptions): Promise<number> {
  return withArchive(host, options, async (archive) => {
    const { from, to } = await archive.migrate();
    const went =
      to < from ? `of schema ${from}, from before the first release, is carried on as` : `went from schema ${from} to`;
    const text = from === to ? `The archive is up to date: schema ${to}.` : `The archive ${went} ${to}.`;
    host.writeOut(`${text}\n`);
    return EXIT.ok;
  });
}

/** `promkeep archive status`: what is kept and what is missing. */
export function runArchiveStatus(
  host: CommandHost,
  options: ArchiveCommandOptions & { json?: boolean }
): Promise<number> {
  return withArchive(host, options, async (archive, { recordingLimits: limits }) => {
    const raw = (await archive.definitions.list()).filter((one) => one.raw).map(({ name }) => name);
    const status = await archive.status();
    const queries = status.queries.map((one) =>
      one.kind === 'recorded' && raw.includes(one.name) ? { ...one, raw: true } : one
    );
    const recording = { use: await archive.definitions.use(), limits };
    host.writeOut(
      options.json
        ? `${JSON.stringify({ ...status, queries, recording }, null, 2)}\n`
        : describe({ ...status, queries }, recording)
    );
    return EXIT.ok;
  });
}

export interface RollupCommandOptions extends ArchiveCommandOptions {
  recompute?: boolean;
  query?: string;
  from?: string;
  to?: string;
}

/** `promkeep rollup`: stores rollups now instead of with the next hour, or computes stored ones again from samples. */
export async function runRollup(host: CommandHost, options: RollupCommandOptions): Promise<number> {
  const { recompute, query } = options;
  if (!recompute && [query, options.from, options.to].some((given) => given !== undefined)) {
    throw new PromkeepError('QUERY_INVALID', '--query, --from and --to say what to compute again: add --recompute.');
  }
  const range = windowOf(options);
  const config = archiveOf(readConfig(host, options.config));
  const jobs = openUpkeep(config, { logger: quietLogger(host), clock: CLOCK });
  const scope = recompute ? { source: config.source, query, range } : undefined;
  try {
    const { queries, buckets, busy } = await untilStopped(host, (signal) => jobs.rollUp(signal, scope));
    host.writeOut(
      queries === 0
        ? 'Nothing is to be rolled up.\n'
        : `Rolled up ${queries} times query and width, ${buckets} buckets written${busy > 0 ? `; ${busy} were busy` : ''}.\n`
    );
    return busy > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    await jobs.close();
  }
}

interface ShownStatus extends ArchiveStatus {
  queries: Array<ArchiveStatus['queries'][number] & { raw?: boolean }>;
}

function describe(status: ShownStatus, recording: RecordingQuota): string {
  const { schemaVersion, serverVersion, samples, series, bytes, lease, queries } = status;
  const head =
    `PostgreSQL ${serverVersion}, schema ${schemaVersion}: ${samples} samples of ${series} series, ${(bytes / 1024 / 1024).toFixed(1)} MiB\n` +
    describeLease(lease) +
    describeQuota(recording);
  const rows = queries.map(({ name, kind, raw, stepMs, newestMs, coveredMs, gaps }) => [
    name,
    raw ? 'raw' : kind,
    stepMs > 0 ? `${stepMs / 1000}s` : '',
    newestMs === undefined ? '' : new Date(newestMs).toISOString(),
    kind === 'recorded' ? `${(coveredMs / 3_600_000).toFixed(1)}h` : '',
    String(gaps.length),
  ]);
  const table =
    queries.length === 0
      ? ''
      : `\n${formatTable(['query', 'kind', 'step', 'newest', 'covered', 'gaps'], rows, [4, 5])}`;
  return head + table + describeStandstill(status) + describeDeletions(status);
}

/** Why raw series are not collected, where that is not a matter of time: a source that reads from the archive itself. */
function describeStandstill({ queries }: ShownStatus): string {
  const lines = queries.map(({ name, raw, newestMs = 0, gaps }) => {
    const newest = gaps.findLast(({ toMs }) => toMs > newestMs);
    return raw && newest?.reason === 'query-failed' && newest.detail
      ? `${name} is not collected: ${newest.detail}\n`
      : '';
  });
  return lines.join('');
}

function describeLease(lease: ArchiveStatus['lease']): string {
  if (!lease || lease.holder === '') {
    return 'Recorded by nobody now\n';
  }
  const seconds = Math.abs(lease.expiresInMs / 1000).toFixed(0);
  const state = lease.expiresInMs > 0 ? `lease ends in ${seconds} s` : `lease ended ${seconds} s ago`;
  return `Recorded by ${lease.holder} (epoch ${lease.epoch}, ${state})\n`;
}

function describeQuota({ use, limits }: RecordingQuota): string {
  const line = (scope: RecordingScope, text: string): string => {
    const of = (kind: keyof RecordingAmount): string =>
      `${grouped(use[scope][kind])} of ${grouped(limits[scope][kind])}`;
    return `${text}: ${of('queries')} recorded queries, ${of('series')} series, ${of('samplesPerDay')} samples a day\n`;
  };
  return line('source', 'This source') + line('organisation', 'Its organisation');
}
