import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { type QueryIdentity, type RangeWrite } from '../../pkg/core/ports/sampleStore';
import { type Labels, type Series } from '../../pkg/core/model/series';
import { live } from '../contracts/underTest';
import { gridSeries, STEP, writing } from './archiveWrites';

/** Samples for the queries of docs/sql.md, chosen so that a careless query answers wrongly. */

export const MINUTE = 60_000;
/** The newest grid time. */
export const N = Math.floor(Date.now() / STEP) * STEP;
/** Inserted rows of which `metric_value` is null. */
export const WITHOUT_VALUE = 1;
export const SECOND_SOURCE = { orgId: 1, name: 'second' };

/** One row that `metrics_data` has to show. */
export interface PageSample {
  sourceName: string;
  query: string | null;
  source: string;
  metric: string;
  labels: Labels | null;
  timeMs: number;
  value: number;
  /** Where it is known. */
  seriesId?: number;
}

const LOCAL_0 = { instance: 'localhost:9100', cpu: '0' };
const LOCAL_1 = { instance: 'localhost:9100', cpu: '1' };
const OTHER = { instance: 'other:9100', cpu: '0' };
const RESETS = [10, 20, 35, 5, 9, 0, 0, 40, 3];
const KEPT: QueryIdentity = { kind: 'kept', expression: 'kept_total', stepMs: STEP, phaseMs: 3_000 };

const numbers = (count: number, of: (i: number) => number): number[] => Array.from({ length: count }, (_, i) => of(i));

/** @returns every sample that is there in the end, apart from those without a value */
export async function addPageSamples(first: Archive, second: Archive, client: Client): Promise<PageSample[]> {
  const all: PageSample[] = [];
  const add = async (archive: Archive, write: RangeWrite): Promise<void> => {
    await archive.samples.writeRange(write, live());
    all.push(...samplesOf(archive === first ? 'default' : 'second', write));
  };
  // Long ago, and under an expression that is not the current one.
  await add(first, recorded('cpu', 'cpu_usage offset 0s', [cpuSeries(LOCAL_0, -7_200, [10_000, 20_000])]));
  all.forEach((one) => (one.seriesId = 1));
  const known = all.length;
  await add(first, recorded('cpu', 'cpu_usage', threeHoursAgo()));
  await add(first, recorded('cpu', 'cpu_usage', threeSeries(-19, 10)));
  all
    .slice(known)
    .forEach((one) => (one.seriesId = one.labels?.cpu === '0' && one.labels.instance === LOCAL_0.instance ? 1 : 0));
  await add(
    second,
    recorded('cpu', 'cpu_usage', [
      cpuSeries(
        LOCAL_0,
        -19,
        numbers(20, (i) => 1_000 + i)
      ),
    ])
  );
  await addCounters(first, second, add, all);
  await first.ledger.noteGap('cpu', { ...steps(-150, -100), reason: 'source-down', detail: 'x' });
  await first.ledger.noteGap('cpu', { ...steps(-200, -100), reason: 'source-down', detail: 'x' });
  await first.ledger.noteGap('requests', { ...steps(-20, 0), reason: 'source-down', detail: 'x' });
  await insertRows(client, all);
  return all;
}

async function addCounters(
  first: Archive,
  second: Archive,
  add: (archive: Archive, write: RangeWrite) => Promise<void>,
  all: PageSample[]
): Promise<void> {
  const counters = [
    requests('/resets', RESETS),
    requests('/steady', [7, 8, 9, 11]),
    requests('/nan', [1, NaN, 5]),
    requests('/once', [70]),
  ];
  // A first answer that a second one corrects: one value is another, one sample is not there any more.
  const wrong = [requests('/resets', RESETS.with(8, 4)), ...counters.slice(1, 3), requests('/once', [70, 71])];
  await first.samples.writeRange(recorded('requests', 'app_request_total', wrong), live());
  await add(first, recorded('requests', 'app_request_total', counters));
  await add(second, recorded('requests', 'app_request_total', [requests('/resets', [1_000, 1_001, 1_002, 2, 3])]));
  // The same counter a few seconds later each, as a panel with another grid kept it.
  const kept = {
    ...requests('/resets', [12, 22, 37]),
    timesMs: Float64Array.of(...numbers(3, (i) => N + (i - 30) * STEP + 3_000)),
  };
  const range = { fromMs: kept.timesMs[0], toMs: kept.timesMs[2] };
  const write = writing([kept], { query: KEPT, range });
  await first.samples.writeRange({ ...write, provenance: { ...write.provenance, expression: 'kept_total' } }, live());
  all.push(...samplesOf('default', { ...write, queryName: 'kept_total [kept every 15s+3s]' }));
}

async function insertRows(client: Client, all: PageSample[]): Promise<void> {
  const labels = { path: '/resets' };
  for (const [i, value] of [500, null, 700].entries()) {
    const timeMs = N + (i - 40) * STEP;
    await client.query(
      `INSERT INTO metrics_data (metric_name, metric_value, timestamp, labels, source) VALUES ($1, $2, $3, $4, 'ci')`,
      ['app_request_total', value, new Date(timeMs), JSON.stringify(labels)]
    );
    if (value !== null) {
      all.push({
        sourceName: 'default',
        query: null,
        source: 'ci',
        metric: 'app_request_total',
        labels,
        timeMs,
        value,
      });
    }
  }
}

const steps = (from: number, to: number): { fromMs: number; toMs: number } => ({
  fromMs: N + from * STEP,
  toMs: N + to * STEP,
});

function cpuSeries(labels: Labels, fromStep: number, values: number[]): Series {
  return gridSeries({ __name__: 'cpu_usage', ...labels }, values, N + fromStep * STEP);
}

function requests(path: string, values: number[]): Series {
  return gridSeries({ __name__: 'app_request_total', path }, values, N - 30 * STEP);
}

function threeSeries(fromStep: number, base: number): Series[] {
  return [
    cpuSeries(
      LOCAL_0,
      fromStep,
      numbers(20, (i) => base + i)
    ),
    cpuSeries(
      LOCAL_1,
      fromStep,
      numbers(20, (i) => base + ((i * 7) % 13))
    ),
    cpuSeries(
      OTHER,
      fromStep,
      numbers(20, (i) => 40 - i)
    ),
  ];
}

/** With a NaN in one series, and a series that has ended since. */
function threeHoursAgo(): Series[] {
  const [one, two, three] = threeSeries(-720, 50);
  three.values[4] = NaN;
  return [one, two, { ...three, timesMs: three.timesMs.slice(0, 10), values: three.values.slice(0, 10) }];
}

function recorded(name: string, expression: string, series: Series[]): RangeWrite {
  const times = series.flatMap(({ timesMs }) => [...timesMs]);
  const range = { fromMs: Math.min(...times), toMs: Math.max(...times) };
  const write = writing(series, { query: { kind: 'recorded', name }, range, covered: [range] });
  return { ...write, provenance: { ...write.provenance, expression, fetchedAtMs: N } };
}

function samplesOf(sourceName: string, { queryName, series }: RangeWrite): PageSample[] {
  return series.flatMap(({ labels: all = {}, timesMs, values }) => {
    const { __name__: metric, ...labels } = all;
    const common = { sourceName, query: queryName, source: 'prometheus', metric, labels };
    return Array.from(timesMs, (timeMs, i) => ({ ...common, timeMs, value: values[i] }));
  });
}
