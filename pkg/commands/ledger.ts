import * as v from 'valibot';
import { sleepUntilTimer } from '../record/waiting';
import { openArchive, openSource, proxiesFrom, RAW_COMPARING, rawReadingOf } from '../compose/openParts';
import { type ArchiveConfig, type Config } from '../config/config';
import { backfillQuery, type BackfillProgress } from '../core/collect/backfill';
import { COLLECT_DEFAULTS, type FetchDeps } from '../core/collect/fetchRange';
import { PromkeepError } from '../core/model/errors';
import { type GapReport, readGaps } from '../core/history/gapReport';
import { type Archive, type Uses } from '../core/ports/archive';
import { type Definition } from '../core/ports/definitions';
import { type MetricSource } from '../core/ports/metricSource';
import { type TimeRange } from '../core/model/timeRange';
import { SourceClock } from '../core/collect/sourceClock';
import { ownTimes } from '../core/collect/raw/ownTimes';
import { rememberVersion } from '../core/datasource/sourceVersion';
import { verifyQuery, type Difference, type VerifyReport } from '../core/collect/verify';
import { readParameters, time } from '../routes/parameters';
import { quietLogger, readConfig } from './commandConfig';
import { CLOCK, EXIT, type CommandHost, untilStopped } from './commandHost';
import { formatTable } from './table';
import { archiveOf } from './withArchive';

export interface LedgerCommandOptions {
  config?: string;
  json?: boolean;
}

export interface BackfillCommandOptions extends LedgerCommandOptions {
  from: string;
  to?: string;
  query?: string;
}

export interface VerifyCommandOptions extends LedgerCommandOptions {
  from?: string;
  to?: string;
  query?: string;
  repair?: boolean;
}

/** `promkeep gaps`: what the archive lacks, and why. */
export function runGaps(host: CommandHost, options: LedgerCommandOptions): Promise<number> {
  return withParts(host, options, async ({ archive, deps }) => {
    const dueMs = deps.clock.nowMs() - deps.settings.settleMs;
    const reports = await readGaps(archive.ledger, dueMs, deps.rawReading?.pieceMs);
    host.writeOut(options.json ? `${JSON.stringify({ queries: reports }, null, 2)}\n` : describeGaps(reports));
    return EXIT.ok;
  });
}

/** `promkeep backfill`: fills a window; after a kill the same command goes on where it was. */
export function runBackfill(host: CommandHost, options: BackfillCommandOptions): Promise<number> {
  return withParts(host, options, async ({ config, archiveConfig, archive, deps, signal }) => {
    const window = windowOf(options);
    // Not in verify: what is archived must be comparable whatever the limit is by now.
    const settings = { ...deps.settings, seriesLimit: { max: archiveConfig.maxSeries, setting: 'archive.max_series' } };
    // A clock that runs ahead must not cover what lies in Prometheus' future.
    const clock = new SourceClock(deps.source, CLOCK, { nowMs: () => performance.now() });
    await clock.refresh(signal);
    const onProgress = progressTeller(host);
    for (const query of chosen(await knownQueries(config, archive), options.query)) {
      const parts = { ...deps, ...archive, settings, clock, wait: sleepUntilTimer, onProgress };
      const { inserted, coveredPoints, gapPoints, totalPoints } = await backfillQuery(parts, query, window, signal);
      host.writeOut(
        totalPoints === 0
          ? `${query.name}: nothing is missing\n`
          : `${query.name}: ${inserted} samples; ${coveredPoints} of ${totalPoints} points covered, ${gapPoints} remain missing\n`
      );
    }
    return EXIT.ok;
  });
}

/** `promkeep verify`: compares the archive with what the source still has. Ends with 1 when they differ and were not repaired. */
export function runVerify(host: CommandHost, options: VerifyCommandOptions): Promise<number> {
  return withParts(host, options, async ({ archive, deps, signal }) => {
    const window = windowOf(options);
    const reports: VerifyReport[] = [];
    for (const entry of chosen(await archive.ledger.entries(), options.query)) {
      reports.push(
        await verifyQuery(
          { ...deps, ...archive, rawComparing: RAW_COMPARING },
          entry,
          { window, repair: options.repair === true },
          signal
        )
      );
    }
    host.writeOut(options.json ? `${JSON.stringify({ queries: reports }, null, 2)}\n` : describeVerified(reports));
    const wrong = reports.some(({ differs, missing, extra, repaired }) => differs + missing + extra > 0 && !repaired);
    return wrong ? EXIT.failed : EXIT.ok;
  });
}

interface Parts {
  config: Config;
  archiveConfig: ArchiveConfig;
  archive: Archive;
  deps: FetchDeps & { source: MetricSource };
  signal: AbortSignal;
}

async function withParts(
  host: CommandHost,
  options: LedgerCommandOptions,
  work: (parts: Parts) => Promise<number>
): Promise<number> {
  const config = readConfig(host, options.config);
  const archiveConfig = archiveOf(config);
  const { settleMs, probe, raw } = archiveConfig;
  const source = openSource(config.prometheus, proxiesFrom(host.environment));
  const archive = openArchive(archiveConfig, { logger: quietLogger(host), clock: CLOCK });
  const settings = { ...COLLECT_DEFAULTS, settleMs, probe };
  const rawReading = rawReadingOf(source, raw);
  const keepsRaw = async (): Promise<boolean> => (await archive.definitions.list()).some(({ raw: kept }) => kept);
  const deps = {
    ...{ source, clock: CLOCK, settings, sourceVersion: rememberVersion(source, CLOCK), rawReading },
    heldFromMs: ownTimes(source, keepsRaw),
  };
  const stopped = new PromkeepError('QUERY_CANCELLED', 'Stopped; call it again to go on.');
  try {
    return await untilStopped(host, (signal) => work({ config, archiveConfig, archive, deps, signal }), stopped);
  } finally {
    await Promise.all([source.close(), archive.close()]);
  }
}

/** `--from` and `--to` as a window; absent: everything until now. */
export function windowOf(options: { from?: string; to?: string }): TimeRange {
  const { from, to } = readParameters(Object.entries({ from: options.from, to: options.to }), WINDOW);
  const window = { fromMs: from ?? 0, toMs: to ?? CLOCK.nowMs() };
  if (window.fromMs > window.toMs) {
    throw new PromkeepError('QUERY_INVALID', '--from lies behind --to.');
  }
  return window;
}

/** Those of the configuration, and those that were made in Grafana. */
async function knownQueries(config: Config, archive: Uses<{ definitions: 'list' }>): Promise<Definition[]> {
  const names = new Set(config.recordedQueries.map(({ name }) => name));
  const others = (await archive.definitions.list()).filter(({ name, provisioned }) => !provisioned && !names.has(name));
  return [...config.recordedQueries, ...others];
}

function chosen<T extends Pick<Definition, 'name'>>(queries: readonly T[], name: string | undefined): readonly T[] {
  const found = name === undefined ? queries : queries.filter((query) => query.name === name);
  if (name !== undefined && found.length === 0) {
    const names = queries.map((query) => query.name).join(', ');
    throw new PromkeepError('NOT_FOUND', `There is no recorded query ${name}; there are ${names || 'none'}.`);
  }
  return found;
}

const WINDOW = { from: v.optional(time), to: v.optional(time) };
const TELL_EVERY_MS = 1_000;

/** One line a second on stderr, so that answers on stdout stay clean. */
function progressTeller(host: CommandHost): (progress: BackfillProgress) => void {
  let nextMs = 0;
  return ({ query, donePoints, totalPoints, inserted }) => {
    const nowMs = CLOCK.nowMs();
    if (nowMs < nextMs && donePoints < totalPoints) {
      return;
    }
    nextMs = nowMs + TELL_EVERY_MS;
    const percent = ((100 * donePoints) / totalPoints).toFixed(0).padStart(3);
    host.writeError(`${query} ${percent} %  ${donePoints} of ${totalPoints} points, ${inserted} new samples\n`);
  };
}

function describeGaps(reports: readonly GapReport[]): string {
  const rows = reports.flatMap(({ name, missing }) =>
    missing.map(({ fromMs, toMs, reason, detail, points }) => [
      name,
      new Date(fromMs).toISOString(),
      new Date(toMs).toISOString(),
      String(points),
      reason,
      (detail ?? '').slice(0, 60),
    ])
  );
  return rows.length === 0
    ? 'Nothing is missing.\n'
    : formatTable(['query', 'first missing', 'last missing', 'points', 'reason', 'detail'], rows, [3]);
}

function describeVerified(reports: readonly VerifyReport[]): string {
  const rows = reports.map(({ query, compared, differs, missing, extra, ties, notHeldPoints, repaired }) => [
    query,
    ...[compared, differs, missing, extra, ties, notHeldPoints].map(String),
    repaired ? 'repaired' : '',
  ]);
  const headings = ['query', 'compared', 'differ', 'missing', 'extra', 'ties', 'points not held', ''];
  const examples = reports.flatMap((report) =>
    report.examples.map((one) => `${report.query} ${describeExample(one)}\n`)
  );
  return formatTable(headings, rows, [1, 2, 3, 4, 5]) + examples.join('');
}

function describeExample({ kind, timeMs, labels, archived, source }: Difference): string {
  const values = `archive ${archived ?? 'nothing'}, source ${source ?? 'nothing'}`;
  return `${kind} at ${new Date(timeMs).toISOString()} ${JSON.stringify(labels)}: ${values}`;
}
