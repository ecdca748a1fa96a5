import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { RECHECK_DEFAULTS, type RecheckDeps, type RecheckPace } from '../core/collect/raw/recheck';
import { type RefillSettings } from '../core/collect/refill';
import { type MemoryBudget } from '../core/memory/memoryBudget';
import { type Clock } from '../core/ports/clock';
import { type LeaseState } from '../core/ports/lease';
import { type Logger } from '../core/ports/logger';
import { type MetricSource } from '../core/ports/metricSource';
import { type RecorderEvents } from '../core/ports/recorderEvents';
import { type Definition } from '../core/ports/definitions';
import { ownTimes } from '../core/collect/raw/ownTimes';
import { SourceClock } from '../core/collect/sourceClock';
import { rememberVersion } from '../core/datasource/sourceVersion';
import { type AllowanceDeps, openAllowance } from './allowance';
import { takeLease, type LeadershipDeps, type LeaseTerms } from './takeLease';
import { type CollectTarget, underLease } from '../core/collect/underLease';
import { type DefinitionsDeps, followDefinitions } from './definitions';
import { DefinitionLoop } from './definitionLoop';
import { RecheckLoop } from './recheckLoop';
import { type MetadataDeps, openMetadata } from './metadata';
import { renewLease } from './renewLease';
import { type Background, inBackground, Slots, sleepUntilTimer, type Sleep } from './waiting';

export interface RecorderOptions extends Pick<RecheckDeps, 'clock' | 'settings' | 'rawReading' | 'rawComparing'> {
  source: MetricSource;
  archive: LeadershipDeps['archive'] &
    AllowanceDeps['archive'] &
    DefinitionsDeps['archive'] &
    CollectTarget &
    MetadataDeps['archive'];
  budget: MemoryBudget;
  /** Of all recorded queries together. */
  limits: RecordingAmounts;
  /** Those of a config file; absent: there is none, and what the archive defines is recorded. */
  queries?: readonly Definition[];
  refill: RefillSettings;
  /** Replaced in tests. */
  recheck?: RecheckPace;
  lease: LeaseTerms;
  /** Runs evenly whatever is done to the machine's time. */
  monotonicClock: Clock;
  logger: Logger;
  metrics: RecorderEvents;
  /** Replaced in tests. */
  sleep?: Sleep;
  /** Queries that may be fetched at once. */
  concurrency?: number;
}

const CONCURRENCY = 2;

/**
 * Runs the recorded queries on their schedule; stopped, it gives the lease back.
 *
 * A candidate for leadership of its source. While it leads, there is one loop a query, as the archive defines them at the time, so that a query never overlaps itself;
 * a few slots for all of them, taken piece by piece in the order they ask, so that a query with much to catch up does not hold
 * the others back. Everything it writes carries its epoch.
 */
export function createRecorder(options: RecorderOptions): Background {
  return inBackground((signal) => run(options, signal), 'The archiver stops.');
}

async function run(options: RecorderOptions, signal: AbortSignal): Promise<void> {
  const deps = { ...options, sleep: options.sleep ?? sleepUntilTimer };
  while (!signal.aborted) {
    const lease = await takeLease(deps, signal);
    if (lease) {
      await lead(deps, lease, signal);
    }
  }
}

/** Records until stopped or replaced. */
async function lead(deps: RecorderOptions & LeadershipDeps, lease: LeaseState, stopSignal: AbortSignal): Promise<void> {
  const { archive, logger, metrics } = deps;
  const replaced = new AbortController();
  const onReplaced = (): void => {
    if (!replaced.signal.aborted) {
      logger.warn('Another archiver has taken over; this one waits.', { epoch: lease.epoch });
      replaced.abort(new Error('Another archiver leads.'));
    }
  };
  const signal = AbortSignal.any([stopSignal, replaced.signal]);
  metrics.led(true, lease.epoch);
  const slots = new Slots(deps.concurrency ?? CONCURRENCY);
  const { allowance, onDefinitions } = openAllowance(deps);
  const copyMetadata = openMetadata(deps, signal);
  let keepsRaw = false;
  const loopDeps = {
    ...deps,
    allowance,
    clock: watchClock(deps),
    ...underLease(archive, lease.epoch, onReplaced),
    slots,
    recheckSlot: new Slots(1),
    pace: deps.recheck ?? RECHECK_DEFAULTS,
    sourceVersion: rememberVersion(deps.source, deps.clock),
    heldFromMs: deps.rawReading && ownTimes(deps.rawReading.source, () => keepsRaw),
  };
  await Promise.all([
    renewLease(deps, lease, onReplaced, signal),
    followDefinitions(
      {
        ...deps,
        onDefinitions(queries, all) {
          keepsRaw = all.some(({ raw }) => raw);
          onDefinitions(queries);
          copyMetadata(queries);
        },
      },
      async (query, earliestGapMs, untilChanged) => {
        const recheck = query.raw && deps.rawComparing ? new RecheckLoop(loopDeps, query) : undefined;
        await Promise.all([
          new DefinitionLoop(loopDeps, query, earliestGapMs).run(untilChanged),
          recheck?.run(untilChanged),
        ]);
      },
      signal
    ),
  ]);
  metrics.led(false, lease.epoch);
  if (!replaced.signal.aborted) {
    // An archive that is away keeps the lease until it runs out; nothing depends on giving it back.
    await archive.lease.release(lease).catch(() => undefined);
  }
}

/** Beyond this somebody should look at the machine's time; what is recorded does not depend on it. */
const OFFSET_WARN_MS = 5_000;

function watchClock({ source, clock, monotonicClock, logger, metrics }: RecorderOptions): SourceClock {
  let warned = false;
  return new SourceClock(source, clock, monotonicClock, (offsetMs) => {
    metrics.skewed(offsetMs);
    const off = Math.abs(offsetMs) > OFFSET_WARN_MS;
    if (off !== warned) {
      const text = off
        ? "This machine's clock differs from Prometheus'; recording goes by Prometheus' clock."
        : "This machine's clock agrees with Prometheus' again.";
      logger[off ? 'warn' : 'info'](text, { aheadSeconds: Math.round(offsetMs / 100) / 10 });
    }
    warned = off;
  });
}
