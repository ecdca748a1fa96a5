import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Caller, type DatasourceInstance, type DataResponse } from '../../pkg/core/ports/datasource';
import { type Series } from '../../pkg/core/model/series';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';
import { type RunningPrometheus, startPrometheus } from '../../scripts/stack/prometheus';
import { alert, dataQuery, editor } from '../fakes/callers';
import { archiveDatasource } from './archiveDatasource';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { writing } from './archiveWrites';

/**
 * Rollups on real servers [A10]: thirty hours of samples in a Prometheus, recorded with a hole; those of the first day have
 * expired in the archive, and a second Prometheus has only the last four hours left.
 */

jest.setTimeout(240_000);

const STEP = 15_000;
const MINUTE = 60_000;
const FIVE = 5 * MINUTE;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const END = Math.floor(Date.now() / HOUR) * HOUR;
const START = END - 30 * HOUR;
const RAW_FROM = END - 6 * HOUR;
const HELD_FROM = END - 4 * HOUR;
/** Coverage ends in the middle of a bucket. */
const RECORDED_TO = END - 22 * MINUTE;
const HOLE = { fromMs: START + 3 * HOUR + MINUTE, toMs: START + 3 * HOUR + 4 * MINUTE };
const INSTANCES = ['a', 'b', 'c'];

let full: RunningPrometheus;
let short: RunningPrometheus;
let postgres: RunningPostgres;
let instance: DatasourceInstance;
let blocks: string;
const archives = new TestServer({ name: 'running' });
/** What the full Prometheus says at each recorded time, by instance. */
const truth = new Map<string, Map<number, number>>();

beforeAll(async () => {
  blocks = await mkdtemp(path.join(os.tmpdir(), 'promkeep-rollups-'));
  await Promise.all([makeBlocks('full', START), makeBlocks('short', HELD_FROM)]);
  const config = 'global: {scrape_interval: 1h}\n';
  [full, short, postgres] = await Promise.all([
    startPrometheus({ config, dataDir: path.join(blocks, 'full') }),
    startPrometheus({ config, dataDir: path.join(blocks, 'short') }),
    startPostgres(),
  ]);
  await record();
  instance = await datasource(short.url);
});

afterAll(async () => {
  await instance?.dispose();
  await archives.closeAll();
  await Promise.all([full?.stop(), short?.stop(), postgres?.stop()]);
  await rm(blocks, { recursive: true, force: true });
});

async function makeBlocks(name: string, fromMs: number): Promise<void> {
  const lines = ['# TYPE load gauge'];
  for (const [n, one] of INSTANCES.entries()) {
    for (let timeMs = fromMs; timeMs <= END; timeMs += STEP) {
      // `c` comes and goes; numbers that sums restore exactly in any order
      if (one !== 'c' || Math.floor(timeMs / (7 * MINUTE)) % 2 === 0) {
        lines.push(`load{instance="${one}"} ${((timeMs / STEP) * (7_919 + n)) % 1_009} ${timeMs / 1_000}`);
      }
    }
  }
  const file = path.join(blocks, `${name}.txt`);
  await writeFile(file, `${lines.join('\n')}\n# EOF\n`);
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, path.join(blocks, name)], {
    stdio: 'pipe',
  });
}

/** What a recorder would have written, and seven days of upkeep. */
async function record(): Promise<void> {
  const query = new URLSearchParams({ query: 'load', start: `${START / 1_000}`, end: `${END / 1_000}`, step: '15' });
  const answer = await fetch(`${full.url}/api/v1/query_range?${query}`);
  const { data } = await answer.json();
  const series: Series[] = data.result.map(
    (one: { metric: Record<string, string>; values: Array<[number, string]> }) => {
      truth.set(one.metric.instance, new Map(one.values.map(([seconds, text]) => [seconds * 1_000, Number(text)])));
      const recorded = one.values.filter(([seconds]) => isRecorded(seconds * 1_000));
      return {
        labels: one.metric,
        timesMs: Float64Array.from(recorded, ([seconds]) => seconds * 1_000),
        values: Float64Array.from(recorded, ([, text]) => Number(text)),
      };
    }
  );
  const archive = archives.archive(postgres.url);
  await archive.migrate();
  await archive.definitions.provision([{ name: 'load', expression: 'load', stepMs: STEP, retention: '7d' }]);
  const provenance = { expression: 'load', stepMs: STEP, fetchedAtMs: END, warnings: [] };
  const range = { fromMs: START, toMs: RECORDED_TO };
  const covered = [
    { fromMs: START, toMs: HOLE.fromMs - STEP },
    { fromMs: HOLE.toMs + STEP, toMs: RECORDED_TO },
  ];
  const recorded = { kind: 'recorded', name: 'load' } as const;
  await archive.samples.writeRange(
    writing(series, { query: recorded, range, retention: '7d', provenance, covered }),
    live()
  );
  const jobs = archives.jobs(postgres.url, RAW_FROM + 7 * DAY);
  await jobs.packClosed(live());
  await jobs.rollUp(live());
  await jobs.expire(live());
}

function isRecorded(timeMs: number): boolean {
  return timeMs <= RECORDED_TO && !(timeMs >= HOLE.fromMs && timeMs <= HOLE.toMs);
}

function datasource(prometheusUrl: string, orgId = 1): Promise<DatasourceInstance> {
  return archiveDatasource({ prometheusUrl, postgresUrl: postgres.url, timeInterval: '15s', orgId, nowMs: END });
}

async function ask(
  json: Record<string, unknown>,
  range: TimeRange = { fromMs: START + HOUR, toMs: END },
  { caller = editor, of = instance }: { caller?: Caller; of?: DatasourceInstance } = {}
): Promise<DataResponse> {
  const query = dataQuery({ expr: 'load', range: true, ...json }, { range, maxDataPoints: 11_000, intervalMs: STEP });
  const response = (await of.queryData({ caller, queries: [query] }, live())).get('A');
  return response ?? { frames: [], status: 0 };
}

function samples({ frames }: DataResponse): Map<string, Map<number, number>> {
  return new Map(
    frames.map(({ fields: [time, value] }) => [
      value?.labels?.instance ?? '',
      new Map([...(time?.values.keys() ?? [])].map((i) => [Number(time.values[i]), Number(value.values[i])])),
    ])
  );
}

function notices({ frames }: DataResponse): string[] {
  return frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text);
}

/** By hand, from the samples; buckets without any have no value. */
function byHand(
  of: (all: number[]) => number,
  widthMs: number,
  keeps: (endMs: number) => boolean,
  from = START + HOUR
) {
  return new Map(
    INSTANCES.map((one) => {
      const values = new Map<number, number>();
      for (let endMs = from; endMs <= END; endMs += widthMs) {
        const all = Array.from({ length: widthMs / STEP }, (_, i) =>
          truth.get(one)?.get(endMs - widthMs + (i + 1) * STEP)
        );
        const there = all.filter((value) => value !== undefined);
        if (keeps(endMs) && there.length > 0) {
          values.set(endMs, of(there));
        }
      }
      return [one, values];
    })
  );
}

const sum = (all: number[]): number => all.reduce((total, one) => total + one, 0);
const AGGREGATES: Array<[string, (all: number[]) => number]> = [
  ['min', (all) => Math.min(...all)],
  ['max', (all) => Math.max(...all)],
  ['sum', sum],
  ['avg', (all) => sum(all) / all.length],
  ['count', (all) => all.length],
  ['last', (all) => all[all.length - 1]],
];
const hasHole = (endMs: number, widthMs: number): boolean => endMs > HOLE.fromMs - STEP && endMs - widthMs < HOLE.toMs;

describe('an aggregate over expired, archived and young samples', () => {
  // [R12]
  it.each(AGGREGATES)('%s equals what the samples were: both', async (aggregate, of) => {
    for (const [interval, widthMs] of [
      ['5m', FIVE],
      ['1h', HOUR],
    ] as const) {
      const response = await ask({ aggregate, interval, readFrom: 'both' });
      expect(response.status).toBe(200);
      // The second Prometheus has nothing of the time of the hole either.
      expect(samples(response)).toEqual(byHand(of, widthMs, (endMs) => !hasHole(endMs, widthMs)));
    }
  });

  it.each(AGGREGATES)('%s equals what the samples were: archive', async (aggregate, of) => {
    const response = await ask({ aggregate, interval: '15m', readFrom: 'archive' });
    const whole = (endMs: number): boolean => endMs <= RECORDED_TO && !hasHole(endMs, 15 * MINUTE);
    expect(samples(response)).toEqual(byHand(of, 15 * MINUTE, whole));
    const at = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');
    expect(notices(response)).toEqual([
      expect.stringMatching(
        /^Rollups: each value is .* of the values of load \(every 15s\) in the 15m up to its time\.$/
      ),
      `The archive ends at ${at(END - 30 * MINUTE)}.`,
      `Left out: a bucket in between that is not recorded as a whole: ${at(START + 3 * HOUR + 15 * MINUTE)}.`,
    ]);
  });

  it('has the recorded resolution where samples are left, and that of rollups where not', async () => {
    const young = await ask({ aggregate: 'max', interval: '1m', readFrom: 'both' }, { fromMs: END - HOUR, toMs: END });
    expect(samples(young)).toEqual(byHand(AGGREGATES[1][1], MINUTE, () => true, END - HOUR));
    const old = await ask({ aggregate: 'max', interval: '1m', readFrom: 'both' });
    expect(notices(old)[0]).toBe('Step raised from 1m to 5m: samples of load have expired and are left as 5m rollups.');
  });

  it('filters series by equality and by pattern', async () => {
    for (const [filter, expected] of [
      ['instance="b"', ['b']],
      ['instance=~"a|c"', ['a', 'c']],
      ['instance!~"a|b|c"', []],
    ] as const) {
      const response = await ask({ aggregate: 'count', interval: '5m', readFrom: 'both', expr: `load{${filter}}` });
      expect([...samples(response).keys()].filter((one) => one !== '')).toEqual(expected);
    }
  });

  it('is a number for each series to an alert', async () => {
    const json = { aggregate: 'avg', interval: '5m', readFrom: 'both', instant: true, range: false };
    for (const toMs of [END + 7_000, END - 10 * HOUR]) {
      const response = await ask(json, { fromMs: toMs - 10 * MINUTE, toMs }, { caller: alert });
      const endMs = Math.floor(toMs / FIVE) * FIVE;
      const expected = byHand(AGGREGATES[3][1], FIVE, (one) => one === endMs);
      expect(samples(response)).toEqual(new Map([...expected].filter(([, values]) => values.size > 0)));
      expect(response.frames[0].meta?.type).toBe('numeric-multi');
    }
  });

  it('comes as standard records, too', async () => {
    const response = await ask({ aggregate: 'count', interval: '1h', readFrom: 'archive', resultFormat: 'standard' });
    expect(response.frames[0].fields.map(({ name }) => name)).toContain('data_type');
    expect(response.frames[0].fields[0].values.length).toBeGreaterThan(50);
  });
});

describe('samples that have expired', () => {
  const atEnds = (keeps: (endMs: number) => boolean): Map<string, Map<number, number>> =>
    new Map([...byHand(AGGREGATES[5][1], FIVE, keeps)]);

  it('are the last ones of rollups, joined with those of the archive and of Prometheus', async () => {
    const response = await ask({ interval: '15s', readFrom: 'both' });
    const lasts = atEnds((endMs) => !hasHole(endMs, FIVE));
    for (const one of INSTANCES) {
      const expected = [...(lasts.get(one) ?? [])].filter(([endMs]) => endMs < RAW_FROM || truth.get(one)?.has(endMs));
      const found = [...(samples(response).get(one) ?? [])];
      expect(found).toEqual(expected);
      // From where there are samples on, they are the samples themselves.
      const young = found.filter(([timeMs]) => timeMs >= RAW_FROM);
      expect(young.map(([timeMs, value]) => [timeMs, value])).toEqual(
        young.map(([timeMs]) => [timeMs, truth.get(one)?.get(timeMs)])
      );
    }
    expect(notices(response)).toEqual([
      'Step raised from 15s to 5m: samples of load have expired and are left as 5m rollups.',
      expect.stringMatching(/^Values up to .* are the last ones of 5m rollups: the samples of load have expired\.$/),
    ]);
    expect(Object(response.frames[0].meta?.custom?.promkeep).readFrom).toMatchObject({ rolledUpTimes: 23 * 12 - 1 });
  });

  it('leave a range that has samples throughout as it is', async () => {
    const response = await ask({ interval: '15s', readFrom: 'archive' }, { fromMs: RAW_FROM, toMs: RAW_FROM + HOUR });
    expect(notices(response)).toEqual([]);
    expect(samples(response).get('a')?.size).toBe(241);
  });

  it('come from a Prometheus that still has them, at the asked step', async () => {
    const whole = await datasource(full.url);
    const range = { fromMs: RAW_FROM - HOUR, toMs: RAW_FROM + HOUR };
    const joined = await ask({ interval: '15s', readFrom: 'both' }, range, { of: whole });
    expect(samples(joined)).toEqual(samples(await ask({ interval: '15s' }, range, { of: whole })));
    expect(notices(joined)).toEqual([]);
    await whole.dispose();
  });

  it("are nobody else's: another organisation reads nothing", async () => {
    const theirs = await datasource(short.url, 2);
    const response = await ask({ aggregate: 'max', interval: '5m', readFrom: 'archive' }, undefined, { of: theirs });
    expect(response.error).toContain('the archive has no recorded queries');
    await theirs.dispose();
  });
});
