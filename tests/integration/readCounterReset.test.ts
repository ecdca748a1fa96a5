import { type DataResponse, type DatasourceInstance } from '../../pkg/core/ports/datasource';
import { type TimeRange } from '../../pkg/core/model/timeRange';
import { type RunningPostgres, startPostgres } from '../../scripts/stack/postgres';
import { type RunningPrometheus } from '../../scripts/stack/prometheus';
import { dataQuery, editor } from '../fakes/callers';
import { archiveDatasource, noticesOf, originOf, plainOf } from './archiveDatasource';
import { TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { askRange, labelsKey, startWithSamples } from './prometheusBlocks';
import { runProgram, temporaryFile } from './promkeepProgram';

/**
 * Counters that begin again around the times where the archive ends and begins. The archive keeps what Prometheus made of the
 * samples, never differences of its own, so a reset must look the same from both sides of each seam.
 */

jest.setTimeout(240_000);

const STEP = 15_000;
const MINUTE = 60_000;
const END = Math.floor(Date.now() / MINUTE) * MINUTE - 5 * MINUTE;
const START = END - 60 * MINUTE;
/** Recorded by `promkeep backfill`; a hole in between, nothing behind. */
const RECORDED: TimeRange[] = [
  { fromMs: START, toMs: END - 30 * MINUTE },
  { fromMs: END - 24 * MINUTE, toMs: END - 15 * MINUTE },
];
const SEAMS = [RECORDED[0].toMs, RECORDED[1].fromMs, RECORDED[1].toMs];
const FRAME = { fromMs: START + 15 * MINUTE, toMs: END };

/** The counters' resets relative to each seam: well before, the sample before, between samples, at it, just after, well after. */
const OFFSETS: Record<string, number[]> = {
  never: [],
  minute_before: [-MINUTE],
  step_before: [-STEP],
  second_before: [-1_000],
  at: [0],
  second_after: [1_000],
  step_after: [STEP],
  minute_after: [MINUTE],
  both_sides: [-STEP, STEP],
  each_sample: [-2 * STEP, -STEP, 0, STEP, 2 * STEP],
};
/** Scrapes fall on the grid, shortly after it, and shortly before it. */
const PHASES = [0, 1_000, 13_500];

const QUERIES = {
  raw: 'jobs_total',
  rate: 'rate(jobs_total[2m])',
  increase: 'increase(jobs_total[2m])',
  long_increase: 'increase(jobs_total[10m])',
  irate: 'irate(jobs_total[1m])',
  resets: 'resets(jobs_total[5m])',
  summed: 'sum by (phase) (rate(jobs_total[2m]))',
};
const CONFIG = `
prometheus: {scrape_interval: 15s, scrape_timeout: 10s}
recorded_queries:
${Object.entries(QUERIES)
  .map(([name, expr]) => `  - {name: ${name}, expr: '${expr}', step: 15s, retention: 30d}`)
  .join('\n')}
`;

let prometheus: RunningPrometheus;
let postgres: RunningPostgres;
let instance: DatasourceInstance;
const archives = new TestServer({ name: 'running' });

beforeAll(async () => {
  [prometheus, postgres] = await Promise.all([startWithSamples(samples()), startPostgres()]);
  const config = await temporaryFile('promkeep.yaml', CONFIG);
  const environment = { PROMETHEUS_URL: prometheus.url, PROMKEEP_DATABASE_URL: postgres.url };
  for (const { fromMs, toMs } of RECORDED) {
    const window = ['--from', String(fromMs / 1_000), '--to', String(toMs / 1_000)];
    const { code, output } = await runProgram(['backfill', ...window, '--config', config.file], environment);
    expect([code, output]).toEqual([0, expect.stringContaining(' 0 remain missing')]);
  }
  await config.remove();
  instance = await archiveDatasource({
    prometheusUrl: prometheus.url,
    postgresUrl: postgres.url,
    timeInterval: '15s',
    nowMs: END,
  });
});

afterAll(async () => {
  await instance?.dispose();
  await archives.closeAll();
  await Promise.all([prometheus?.stop(), postgres?.stop()]);
});

function samples(): string[] {
  const lines = ['# TYPE jobs counter'];
  for (const phase of PHASES) {
    for (const [reset, offsets] of Object.entries(OFFSETS)) {
      const resets = SEAMS.flatMap((seamMs) => offsets.map((offset) => seamMs + offset));
      for (let timeMs = START - 15 * MINUTE + phase; timeMs <= END; timeMs += STEP) {
        const begunMs = Math.max(START - 20 * MINUTE, ...resets.filter((resetMs) => resetMs <= timeMs));
        // 3.7 a second: no two scrapes alike, and after a reset never as much as before
        const value = Math.floor((timeMs - begunMs) * 0.0037);
        lines.push(`jobs_total{reset="${reset}",phase="${phase}"} ${value} ${timeMs / 1_000}`);
      }
    }
  }
  lines.push('# TYPE up gauge');
  for (let timeMs = START - 15 * MINUTE; timeMs <= END; timeMs += STEP) {
    lines.push(`up{job="jobs"} 1 ${timeMs / 1_000}`);
  }
  return lines;
}

async function ask(json: Record<string, unknown>, range: TimeRange = FRAME): Promise<DataResponse> {
  const query = dataQuery({ range: true, ...json }, { range, maxDataPoints: 11_000, intervalMs: STEP });
  const response = (await instance.queryData({ caller: editor, queries: [query] }, live())).get('A');
  return response ?? { frames: [], status: 0 };
}

it('records up to the seams, and the counters do reset there', async () => {
  const archive = archives.archive(postgres.url);
  for (const name of Object.keys(QUERIES)) {
    expect(await archive.ledger.coverage(name)).toEqual(RECORDED);
  }
  const raw = await askRange(prometheus.url, QUERIES.raw, { ...FRAME, stepMs: STEP });
  const seen = (reset: string, phase: number): number[] => {
    const values = [...(raw.get(labelsKey({ phase: String(phase), reset })) ?? [])];
    const drops = values.filter(([, value], i) => i > 0 && value < values[i - 1][1]).map(([timeMs]) => timeMs);
    return SEAMS.map((seamMs) => drops.filter((timeMs) => Math.abs(timeMs - seamMs) <= STEP)).map(
      (near, i) => (near[0] - SEAMS[i]) / STEP
    );
  };
  expect(seen('step_before', 0)).toEqual([-1, -1, -1]);
  expect(seen('at', 0)).toEqual([0, 0, 0]);
  expect(seen('at', 1_000)).toEqual([1, 1, 1]);
  expect(seen('second_after', 0)).toEqual([1, 1, 1]);
  expect(seen('step_after', 0)).toEqual([1, 1, 1]);
});

describe.each([
  ['as written', false],
  ['packed', true],
])('%s', (_, packed) => {
  beforeAll(async () => {
    if (packed) {
      const done = await archives.jobs(postgres.url, END + 30 * 24 * 60 * MINUTE).packClosed(live());
      expect(done.samples).toBeGreaterThan(1_000);
    }
  });

  // [A6]
  it.each(Object.entries(QUERIES))('%s equals Prometheus alone, sample for sample', async (name, expr) => {
    const counters = PHASES.length * Object.keys(OFFSETS).length;
    for (const interval of ['15s', '30s', '1m', '2m']) {
      const joined = await ask({ expr, interval, readFrom: 'both' });
      expect(plainOf(joined)).toEqual(plainOf(await ask({ expr, interval })));
      expect(joined.frames.length).toBe(name === 'summed' ? PHASES.length : counters);
      expect(noticesOf(joined)).toEqual([]);
      expect(originOf(joined).archivedTimes).toBeGreaterThan(10);
      expect(originOf(joined).liveTimes).toBeGreaterThan(8);
    }
  });
});
