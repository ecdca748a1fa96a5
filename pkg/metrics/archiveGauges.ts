import { Gauge, type Registry } from 'prom-client';
import { withinSignal } from '../core/model/concurrency';
import { type ArchiveStatus } from '../core/ports/archive';
import { type ArchiveWatch, RECORDER_LABEL_NAMES, type RecorderState } from './recorderState';

type States = ReadonlySet<RecorderState>;
/** A label and a value for the state's series; a state may have several, or none. */
type Reading = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A scrape does not wait longer for the archive; it goes without these gauges then. */
const READ_LIMIT_MS = 2_000;
/** Counting the samples takes a second near 256 MB, where estimating begins. */
const SIZES_FOR_MS = 5 * 60_000;

/** What the recorders are as of a scrape; the series of one that is closed are gone with the next. */
export function addArchiveGauges(registry: Registry, states: States): void {
  [...GAUGES, ...statusGauges()].forEach((parts) => addGauge(registry, states, parts));
}

interface GaugeParts {
  name: string;
  help: string;
  /** Beside those that name the recorder. */
  labelNames?: string[];
  /**
   * Makes one value of those with the same labels. For some seconds there are two such recorders: the one of a datasource as it
   * was, which is ending, and the one of the datasource as it was saved.
   */
  join?: (one: number, other: number) => number;
  read(state: RecorderState): readonly Reading[] | Promise<readonly Reading[]>;
}

function addGauge(registry: Registry, states: States, parts: GaugeParts): void {
  const { name, help, labelNames = [], join = Math.max, read } = parts;
  new Gauge({
    name,
    help,
    labelNames: [...RECORDER_LABEL_NAMES, ...labelNames],
    registers: [registry],
    async collect() {
      const readings = await Promise.all(
        [...states].map(async (state) =>
          (await read(state)).map(([labels, value]): Reading => [{ ...state.labels, ...labels }, value])
        )
      );
      const joined = new Map<string, Reading>();
      for (const [labels, value] of readings.flat()) {
        const key = JSON.stringify(labels);
        const known = joined.get(key);
        joined.set(key, [labels, known ? join(known[1], value) : value]);
      }
      // Without a pause from here on: of two scrapes at once, neither must see the other's half.
      this.reset();
      joined.forEach(([labels, value]) => this.set(labels, value));
    },
  });
}

const sum = (one: number, other: number): number => one + other;
const known = (value: number | undefined): readonly Reading[] => (value === undefined ? [] : [[{}, value]]);

const GAUGES: readonly GaugeParts[] = [
  {
    name: 'promkeep_archive_leader',
    help: '1 while this archiver records its source, 0 while it waits for its turn.',
    read: ({ leads }) => [[{}, leads ? 1 : 0]],
  },
  {
    name: 'promkeep_archive_leader_epoch',
    help: 'Newest leadership epoch this archiver knows of; grows with each change of leader.',
    read: ({ epoch }) => known(epoch),
  },
  {
    name: 'promkeep_source_clock_offset_seconds',
    help: "This machine's clock minus Prometheus'; recording goes by the latter.",
    read: ({ skewMs }) => known(skewMs === undefined ? undefined : skewMs / 1000),
  },
  {
    name: 'promkeep_collect_lag_seconds',
    help: 'Time between the newest point that is due and the newest one that was answered; only where the query is recorded.',
    labelNames: ['query'],
    read: ({ lags }) =>
      [...lags].flatMap(([query, readLagMs]): Reading[] => {
        const lagMs = readLagMs();
        return lagMs === undefined ? [] : [[{ query }, lagMs / 1000]];
      }),
  },
  {
    name: 'promkeep_upkeep_duration_seconds',
    help: 'Duration of the last run of each task.',
    labelNames: ['task'],
    read: ({ upkeepSeconds }) => [...upkeepSeconds].map(([task, seconds]): Reading => [{ task }, seconds]),
  },
  {
    name: 'promkeep_gap_seconds',
    help: 'Time of a recorded query that the archive lacks, by reason; paused queries do not count.',
    labelNames: ['query', 'reason'],
    async read({ watch }) {
      // What is paused is not filled either, and an alert on it would never end.
      const reports = ((await withinLimit(watch.readGaps())) ?? []).filter(({ paused }) => !paused);
      return reports.flatMap(({ name: query, missing }) =>
        [...Map.groupBy(missing, ({ reason }) => reason)].map(([reason, gaps]): Reading => [
          { query, reason },
          gaps.reduce((total, { seconds }) => total + seconds, 0),
        ])
      );
    },
  },
  {
    name: 'promkeep_archive_connections',
    help: 'Connections to the archive by state; waiting is work that has none.',
    labelNames: ['state'],
    join: sum,
    read({ watch }) {
      const { limit: _limit, ...pool } = watch.readPool();
      return Object.entries(pool).map(([state, count]): Reading => [{ state }, count]);
    },
  },
  {
    name: 'promkeep_archive_connections_limit',
    help: 'Connections to the archive that may be open at once.',
    join: sum,
    read: ({ watch }) => known(watch.readPool().limit),
  },
];

interface StatusGauge {
  help: string;
  read(status: ArchiveStatus): number;
}

const STATUS_GAUGES: Readonly<Record<string, StatusGauge>> = {
  bytes: {
    help: 'Size of the whole archive on disk, indexes and ledger included.',
    read: ({ bytes }) => bytes,
  },
  samples: { help: 'Samples of this source; an estimate above 256 MB.', read: ({ samples }) => samples },
  series: { help: 'Series of this source.', read: ({ series }) => series },
  pending_deletions: {
    help: 'Deletions of this source, and of rollups of the archive, that wait for their date.',
    read: ({ pending }) => pending.length,
  },
  upkeep_failing_queries: {
    help: 'Queries of this source for which a task of the upkeep failed when it ran last.',
    read: ({ failures }) => new Set(failures.map(({ query }) => query)).size,
  },
};

function statusGauges(): GaugeParts[] {
  const newest = new WeakMap<ArchiveWatch, { atMs: number; status: Promise<ArchiveStatus | undefined> }>();
  const statusOf = (watch: ArchiveWatch): Promise<ArchiveStatus | undefined> => {
    const nowMs = watch.clock.nowMs();
    const last = newest.get(watch);
    if (last && Math.abs(nowMs - last.atMs) <= SIZES_FOR_MS) {
      return last.status;
    }
    const asked = { atMs: nowMs, status: watch.readStatus().catch(() => undefined) };
    newest.set(watch, asked);
    // A failure is not kept: the next scrape asks again.
    void asked.status.then((found) => found === undefined && newest.get(watch) === asked && newest.delete(watch));
    return asked.status;
  };
  return Object.entries(STATUS_GAUGES).map(([name, { help, read }]) => ({
    name: `promkeep_archive_${name}`,
    help,
    async read({ watch }) {
      const status = await withinLimit(statusOf(watch));
      return known(status && read(status));
    },
  }));
}

/** `undefined` when the archive is slow or refuses. */
function withinLimit<T>(answer: Promise<T>): Promise<T | undefined> {
  return withinSignal(answer, AbortSignal.timeout(READ_LIMIT_MS)).catch(() => undefined);
}
