/** Made data for the proof that every PromQL gives the same from the archive: nine hours of it, the same in every run but for the time. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
const STEP_MS = 15_000;
const HOURS = 7;

export interface MadeTimes {
  startMs: number;
  /** Of what promtool makes blocks of. */
  endMs: number;
  /** Of what is written remotely, into the head: not before the blocks, and less than an hour ago. */
  headStartMs: number;
  headEndMs: number;
}

/** @param nowMs on a full second */
export function madeTimes(nowMs: number): MadeTimes {
  const endMs = nowMs - 45 * MINUTE_MS;
  return {
    startMs: endMs - HOURS * HOUR_MS,
    endMs,
    headStartMs: endMs + 5 * MINUTE_MS,
    headEndMs: nowMs - 5 * MINUTE_MS,
  };
}

/** A small generator that gives the same numbers everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Row {
  series: string;
  /** By the number of the scrape; absent: nothing then. */
  value(i: number, random: () => number): number | undefined;
  /** Milliseconds that a scrape comes late. */
  lateMs?(random: () => number): number;
  everyMs?: number;
}

const INSTANCES = ['a:1', 'b:1', 'c:1', 'd:1'];
const ROOMS = ['Küche', '居間', '😀 𠀀', 'a \\"b\\" \\\\ c', 'ÿ\u{e000}'];
const SCRAPES_AN_HOUR = HOUR_MS / STEP_MS;

/** Counters of four targets: one is away for an hour, one late by up to 3 s, one loses scrapes; all begin anew sometimes. */
function counters(): Row[] {
  return INSTANCES.flatMap((instance, target) =>
    ['200', '404', '500'].map((code, kind): Row => {
      let total = 0;
      return {
        series: `made_requests_total{job="made",instance="${instance}",code="${code}"}`,
        value: (i, random) => {
          total = random() < 0.003 ? 0 : total + Math.floor(random() * 20) / (kind + 1);
          const isAway = target === 1 && i > 2 * SCRAPES_AN_HOUR && i < 3 * SCRAPES_AN_HOUR;
          return isAway || (target === 3 && random() < 0.2) ? undefined : total;
        },
        lateMs: target === 2 ? (random) => Math.floor(random() * 3_000) : undefined,
      };
    })
  );
}

const ODD_VALUES = [NaN, Infinity, -Infinity, -0, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1 / 3];

function gauges(): Row[] {
  return [
    ...ROOMS.map((room, n): Row => ({
      series: `made_celsius{room="${room}",floor="${n % 2}"}`,
      value: (i, random) =>
        n === 2 && i % 40 < ODD_VALUES.length ? ODD_VALUES[i % 40] : 20 + n + 5 * Math.sin(i / 50) + random(),
    })),
    ...[1, 2].map((n): Row => ({ series: `made_limit{floor="${n % 2}"}`, value: () => 20 + n })),
    { series: 'made_sparse', value: (i) => (i * 7919) % 101, everyMs: 7 * MINUTE_MS },
    { series: 'made_stamp_seconds', value: (i) => 951_782_400 + i * 86_400 * 3 },
    { series: 'made_ended', value: (i) => (i < 5 * SCRAPES_AN_HOUR ? i : undefined) },
    { series: 'made_case{Zone="Z",zone="z"}', value: (i) => i },
    { series: 'made_case{zone="Z"}', value: (i) => -i },
    { series: 'made_zero', value: (i) => (i % 2 === 0 ? 0 : -0) },
    ...INSTANCES.map((instance, n): Row => ({
      series: `made_info{job="made",instance="${instance}",version="1.${n >> 1}"}`,
      value: () => 1,
    })),
    ...INSTANCES.map((instance, n): Row => ({
      series: `up{job="made",instance="${instance}"}`,
      value: (i) => (n === 1 && i % 300 > 280 ? 0 : 1),
    })),
    ...INSTANCES.slice(0, 3).map((instance, n): Row => ({
      series: `target_info{job="made",instance="${instance}",zone="z${n}"}`,
      value: () => 1,
    })),
  ];
}

/** A pod lives ten minutes and is followed by another; two live at a time. */
function churn(): Row[] {
  const life = (10 * MINUTE_MS) / STEP_MS;
  return Array.from({ length: HOURS * 12 }, (_, pod) => ({
    series: `made_pod{pod="pod-${pod}",app="${pod % 3 === 0 ? 'x' : 'y'}"}`,
    value: (i: number) => (i >= (pod * life) / 2 && i < (pod * life) / 2 + life ? pod + i : undefined),
  }));
}

const BOUNDS = ['0.05', '0.1', '0.5', '1', '5', '+Inf'];

/** Classic histograms, cumulative in `le`, with a reset. @param labels without braces */
function classic(name: string, labels: string, speed: number): Row[] {
  const counts = BOUNDS.map(() => 0);
  let sum = 0;
  const scrape = (i: number, random: () => number): void => {
    if (i === 900) {
      counts.fill(0);
      sum = 0;
    }
    const seen = Math.floor(random() * speed);
    sum += seen * random();
    counts.forEach((_, bound) => (counts[bound] += Math.floor((seen * (bound + 1)) / BOUNDS.length)));
  };
  const bucket = (le: string, bound: number): Row => ({
    series: `${name}_bucket{${labels},le="${le}"}`,
    value: (i, random) => {
      if (bound === 0) {
        scrape(i, random);
      }
      return counts[bound];
    },
  });
  return [
    ...BOUNDS.map(bucket),
    { series: `${name}_count{${labels}}`, value: () => counts[BOUNDS.length - 1] },
    { series: `${name}_sum{${labels}}`, value: () => sum },
  ];
}

/** What the public conformance queries ask for, by the names they use. */
function demo(host: string): Row[] {
  const targets = [10_000, 10_001, 10_002].map((port) => `instance="${host}:${port}",job="demo"`);
  const walk = (from: number, by: number): Row['value'] => {
    let value = from;
    return (_, random) => (value += (random() - 0.5) * by);
  };
  const grow = (by: number): Row['value'] => {
    let value = 0;
    return (i, random) => (value = i % 700 === 699 ? 0 : value + random() * by);
  };
  return targets.flatMap((target, n) => [
    ...['buffers', 'cached', 'free', 'used'].map((type) => ({
      series: `demo_memory_usage_bytes{${target},type="${type}"}`,
      value: walk(1e9 * (n + 1), 1e6),
    })),
    ...['idle', 'system', 'user'].map((mode) => ({
      series: `demo_cpu_usage_seconds_total{${target},mode="${mode}"}`,
      value: grow(4),
    })),
    { series: `demo_num_cpus{${target}}`, value: () => 4 },
    { series: `demo_disk_usage_bytes{${target}}`, value: grow(1e6) },
    { series: `demo_disk_total_bytes{${target}}`, value: () => 2 ** 38 },
    {
      series: `demo_batch_last_success_timestamp_seconds{${target}}`,
      value: (i: number) => 1_700_000_000 + Math.floor(i / 20) * 300,
    },
    { series: `demo_intermittent_metric{${target}}`, value: (i: number) => (i % 60 < 40 ? i : undefined) },
    ...classic('demo_api_request_duration_seconds', `${target},method="GET",path="/api/foo",status="200"`, 50),
    ...classic('demo_api_request_duration_seconds', `${target},method="POST",path="/api/bar",status="500"`, 5),
  ]);
}

/** In OpenMetrics, without the last line: what promtool makes blocks of. @param host of the instances of the demo metrics */
export function madeLines({ startMs, endMs }: MadeTimes, host: string): string[] {
  const random = mulberry32(14);
  const rows = [
    ...counters(),
    ...gauges(),
    ...churn(),
    ...classic('made_latency_seconds', 'job="made",instance="a:1"', 60),
    ...classic('made_latency_seconds', 'job="made",instance="b:1"', 3),
    ...demo(host),
  ];
  // a scrape at a time: rows of one histogram share its state
  const lines: string[][] = rows.map(() => []);
  for (let timeMs = startMs, i = 0; timeMs < endMs; timeMs += STEP_MS, i++) {
    rows.forEach(({ value, lateMs, everyMs = STEP_MS, series }, row) => {
      if ((timeMs - startMs) % everyMs === 0) {
        const found = value(i, random);
        const seconds = ((timeMs + (lateMs?.(random) ?? 0)) / 1_000).toFixed(3);
        if (found !== undefined) {
          lines[row].push(`${series} ${textOf(found)} ${seconds}`);
        }
      }
    });
  }
  return lines.flat();
}

function textOf(value: number): string {
  const special = new Map([
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ]);
  return Object.is(value, -0) ? '-0' : (special.get(value) ?? String(value));
}
