import { Gauge, type Registry } from 'prom-client';
import { type GapReader } from '../core/gapReport';
import { type ArchiveStatus, type Clock, type PoolUse } from '../core/ports';

/** What a scrape asks the archive itself for. */
export interface ArchiveWatch {
  clock: Clock;
  readGaps: GapReader;
  readStatus(): Promise<ArchiveStatus>;
  readPool(): PoolUse;
}

/** A scrape does not wait longer for the archive; it goes without these gauges then. */
const READ_LIMIT_MS = 2_000;
/** Counting the samples takes a second near 256 MB, where estimating begins. */
const SIZES_FOR_MS = 5 * 60_000;

export function addArchiveGauges(registry: Registry, watch: ArchiveWatch): void {
  addGapGauge(registry, watch);
  addSizeGauges(registry, watch);
  addPoolGauges(registry, watch);
}

function addGapGauge(registry: Registry, { readGaps }: ArchiveWatch): void {
  new Gauge({
    name: 'promkeep_gap_seconds',
    help: 'Time of a recorded query that the archive lacks, by reason; paused queries do not count.',
    labelNames: ['query', 'reason'],
    registers: [registry],
    async collect() {
      this.reset();
      const reports = (await withinLimit(readGaps())) ?? [];
      // What is paused is not filled either, and an alert on it would never end.
      for (const { name, missing } of reports.filter(({ paused }) => !paused)) {
        for (const { reason, seconds } of missing) {
          this.inc({ query: name, reason }, seconds);
        }
      }
    },
  });
}

const SIZES = {
  bytes: 'Size of the whole archive on disk, indexes and ledger included.',
  samples: 'Samples of this source; an estimate above 256 MB.',
  series: 'Series of this source.',
} as const;

function addSizeGauges(registry: Registry, { clock, readStatus }: ArchiveWatch): void {
  let newest: { atMs: number; status: Promise<ArchiveStatus | undefined> } | undefined;
  const status = (): Promise<ArchiveStatus | undefined> => {
    const nowMs = clock.nowMs();
    if (!newest || Math.abs(nowMs - newest.atMs) > SIZES_FOR_MS) {
      const asked = { atMs: nowMs, status: readStatus().catch(() => undefined) };
      newest = asked;
      // A failure is not kept: the next scrape asks again.
      void asked.status.then((found) => (found === undefined && newest === asked ? (newest = undefined) : undefined));
    }
    return newest.status;
  };
  for (const [size, help] of Object.entries(SIZES)) {
    new Gauge({
      name: `promkeep_archive_${size}`,
      help,
      registers: [registry],
      async collect() {
        this.remove();
        const found = await withinLimit(status());
        if (found) {
          this.set(found[size as keyof typeof SIZES]);
        }
      },
    });
  }
}

function addPoolGauges(registry: Registry, { readPool }: ArchiveWatch): void {
  new Gauge({
    name: 'promkeep_archive_connections',
    help: 'Connections to the archive by state; waiting is work that has none.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { limit: _limit, ...states } = readPool();
      Object.entries(states).forEach(([state, count]) => this.set({ state }, count));
    },
  });
  new Gauge({
    name: 'promkeep_archive_connections_limit',
    help: 'Connections to the archive that may be open at once.',
    registers: [registry],
    collect() {
      this.set(readPool().limit);
    },
  });
}

/** `undefined` when the archive is slow or refuses. */
async function withinLimit<T>(answer: Promise<T>): Promise<T | undefined> {
  const limit = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), READ_LIMIT_MS).unref());
  return Promise.race([answer, limit]).catch(() => undefined);
}
