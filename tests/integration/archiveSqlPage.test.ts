import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Client } from 'pg';
import { SERVERS, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { addPageSamples, MINUTE, N, type PageSample, SECOND_SOURCE, WITHOUT_VALUE } from './archiveSqlSamples';
import { STEP } from './archiveWrites';

jest.setTimeout(180_000);

/** What the queries of docs/sql.md answer, against values computed here from the samples that were written. */

type Row = Record<string, unknown>;

const HOUR = 60 * MINUTE;
const FIVE = 5 * MINUTE;

describe.each(SERVERS)('docs/sql.md on $name', (server) => {
  const test = new TestServer(server);
  let client: Client;
  let url: string;
  let page: string;
  let samples: PageSample[];

  beforeAll(async () => {
    await test.start();
    page = await readFile(path.resolve(__dirname, '../../docs/sql.md'), 'utf8');
    url = await test.freshDatabase();
    client = await test.client(url);
    samples = await addPageSamples(test.archive(url), test.archive(url, { source: SECOND_SOURCE }), client);
  });
  afterAll(() => test.stop());

  /** Rows of the first block behind this text. */
  const answer = async (text: string): Promise<Row[]> => {
    const at = page.indexOf(text);
    expect([text, at >= 0, page.indexOf(text, at + 1)]).toEqual([text, true, -1]);
    const [, sql] = /```sql\n(.*?)```/s.exec(page.slice(at)) ?? ['', ''];
    return (await client.query<Row>(sql)).rows;
  };
  const since = (ageMs: number): PageSample[] => samples.filter(({ timeMs }) => timeMs >= N - ageMs);
  const cpu = (ageMs: number): PageSample[] => since(ageMs).filter(({ metric }) => metric === 'cpu_usage');

  describe.each([
    ['as written', false],
    ['packed', true],
  ])('%s', (_, packed) => {
    beforeAll(async () => {
      if (packed) {
        const done = await test.jobs(url, N + 30 * 24 * HOUR).packClosed(live());
        expect(done.samples).toBe(WITHOUT_VALUE + samples.length);
      }
    });

    it('averages and counts every metric', async () => {
      const averages = (group: PageSample[]): Row => ({ metric_name: group[0].metric, avg_value: mean(group) });
      expectRows(
        await answer('The average of every metric'),
        grouped(since(HOUR), ({ metric }) => metric, averages)
      );
      const expected = grouped(
        samples,
        ({ query, metric }) => [query, metric],
        (group) => ({
          query: group[0].query,
          metric_name: group[0].metric,
          samples: String(group.length + (group[0].query === null ? WITHOUT_VALUE : 0)),
          first: new Date(Math.min(...group.map(({ timeMs }) => timeMs))),
          last: new Date(Math.max(...group.map(({ timeMs }) => timeMs))),
        })
      );
      expectRows(await answer('What is there, and how much of it'), expected);
    });

    it('gives the newest value of every series, of each source', async () => {
      const expected = grouped(cpu(15 * MINUTE), seriesOf, (group) => {
        const { sourceName, query, labels, value, timeMs } = newest(group);
        return { source_name: sourceName, query, labels, metric_value: value, timestamp: new Date(timeMs) };
      });
      expect(expected.length).toBe(4);
      expectRows(await answer('The newest value of every series'), expected);
    });

    it('averages five minutes of one instance', async () => {
      const of = cpu(6 * HOUR).filter(({ labels }) => labels?.instance === 'localhost:9100');
      const expected = grouped(
        of,
        ({ timeMs }) => Math.floor(timeMs / FIVE),
        (group) => ({ bucket: new Date(Math.floor(group[0].timeMs / FIVE) * FIVE), value: mean(group) })
      );
      expect(expected.length).toBeGreaterThan(2);
      expectRows(await answer('Five-minute averages of one instance'), expected);
    });

    it('finds the peak of each instance and the 95th percentile beside NaN', async () => {
      const numbers = cpu(24 * HOUR).filter(({ value }) => !Number.isNaN(value));
      expect(numbers.length).toBeLessThan(cpu(24 * HOUR).length);
      const expected = grouped(
        numbers,
        ({ labels }) => labels?.instance,
        (group) => ({ instance: group[0].labels?.instance, peak: Math.max(...group.map(({ value }) => value)) })
      );
      const peaks = await answer('One line per label value');
      expectRows(peaks, expected);
      expect(peaks.map(({ peak }) => peak)).toEqual(peaks.map(({ peak }) => Number(peak)).sort((a, b) => b - a));
      const sorted = numbers.map(({ value }) => value).sort((a, b) => a - b);
      const rank = 0.95 * (sorted.length - 1);
      const below = sorted[Math.floor(rank)];
      const p95 = below + (rank % 1) * (sorted[Math.ceil(rank)] - below);
      expect(await answer('The 95th percentile')).toEqual([{ p95: expect.closeTo(p95, 9) }]);
    });

    it('counts the increase of counters that begin again, each series for itself', async () => {
      const rows = await answer('The increase of a counter');
      const increase = (sourceName: string, query: string | null, of: string): unknown =>
        rows.find((row) => row.source_name === sourceName && row.query === query && Object(row.labels).path === of)
          ?.increase;
      // 10 20 35 | 5 9 | 0 0 40 | 3: 10 + 15, 5 from zero, 4, nothing, 40, 3 from zero
      expect(increase('default', 'requests', '/resets')).toBe(77);
      // 7 8 9 11
      expect(increase('default', 'requests', '/steady')).toBe(4);
      // 1 NaN 5: as if the NaN were not there
      expect(increase('default', 'requests', '/nan')).toBe(4);
      // The same counter at another server: 1000 1001 1002 2 3
      expect(increase('second', 'requests', '/resets')).toBe(5);
      // The same counter of the same server in a kept result, between the recorded times: 12 22 37
      expect(rows.find(({ query }) => String(query).includes('kept_total'))?.increase).toBe(25);
      // Inserted: 500 and null and 700
      expect(increase('default', null, '/resets')).toBe(200);
      // A single sample has no increase.
      expect(rows.length).toBe(6);
    });

    it('tells what is covered, what is missing, and where samples come from', async () => {
      const at = (steps: number): Date => new Date(N + steps * STEP);
      const [first, second] = ['default', 'second'];
      expect(await answer('What is covered of each')).toEqual([
        { source_name: first, name: 'cpu', covered_from: at(-720), covered_until: at(-700) },
        { source_name: first, name: 'cpu', covered_from: at(-19), covered_until: at(1) },
        { source_name: first, name: 'requests', covered_from: at(-30), covered_until: at(-21) },
        { source_name: second, name: 'cpu', covered_from: at(-19), covered_until: at(1) },
        { source_name: second, name: 'requests', covered_from: at(-30), covered_until: at(-25) },
      ]);
      const noted = { source_name: first, name: 'cpu', reason: 'source-down', detail: 'x', tries: 2 };
      const unknown = { source_name: first, name: 'cpu', reason: 'not-recorded', detail: null, tries: 0 };
      expect(await answer('What is missing, since when')).toEqual([
        { ...unknown, missing_from: at(-700), missing_until: at(-200) },
        { ...noted, missing_from: at(-200), missing_until: at(-99) },
        { ...unknown, missing_from: at(-99), missing_until: at(-19) },
        { ...noted, name: 'requests', tries: 1, missing_from: at(-20), missing_until: at(1) },
      ]);
      const fetches = (await answer('Where samples come from')).filter(({ source_name: name }) => name === first);
      const counts = fetches.map((row) => [row.name, row.expression, row.inserted, row.revised, row.withdrawn]);
      const sum = (name: string, expression: string): number[] =>
        [2, 3, 4].map((i) =>
          counts.filter((one) => one[0] === name && one[1] === expression).reduce((all, one) => all + Number(one[i]), 0)
        );
      expect(sum('cpu', 'cpu_usage')).toEqual([110, 0, 0]);
      // One value changed and one withdrawn by a second answer.
      expect(sum('requests', 'app_request_total')).toEqual([18, 1, 1]);
    });

    it('reads ranges and rollups', async () => {
      const between = grouped(
        cpu(HOUR),
        ({ timeMs, ...one }) => [Math.floor(timeMs / FIVE), one.sourceName, one.labels],
        (group) => ({
          bucket: new Date(Math.floor(group[0].timeMs / FIVE) * FIVE),
          source_name: group[0].sourceName,
          labels: group[0].labels,
          value: mean(group),
        })
      );
      expectRows(await answer('gives the rows of `metrics_data` between two times'), between);
      const bucketsOf = (all: PageSample[], widthMs: number, of: (group: PageSample[]) => Row): Row[] =>
        grouped(
          all,
          (one) => [Math.ceil(one.timeMs / widthMs), seriesOf(one)],
          (group) => ({
            timestamp: new Date(Math.ceil(group[0].timeMs / widthMs) * widthMs),
            source_name: group[0].sourceName,
            labels: group[0].labels,
            ...of(group),
          })
        );
      const hourly = bucketsOf(cpu(Infinity), HOUR, (group) => ({
        average: mean(group),
        max_value: Math.max(...group.map(({ value }) => value)),
      }));
      expect(hourly.some(({ average }) => Number.isNaN(average))).toBe(true);
      expectRows(await answer('`promkeep rollup --recompute` computes stored ones'), hourly);
      const lasts = bucketsOf(cpu(6 * HOUR), 15 * MINUTE, (group) => ({ last_value: newest(group).value }));
      expectRows(await answer('does the same with any width over a range'), lasts);
    });

    it('answers a role that may only read just as the owner', async () => {
      const blocks = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);
      const queries = blocks.filter((sql) => /^(--.*\n)*(SELECT|WITH)/.test(sql));
      expect(queries.length).toBeGreaterThan(14);
      await client.query('BEGIN');
      try {
        await client.query(`CREATE ROLE page_reader; SELECT promkeep_grant_reader('page_reader')`);
        for (const sql of queries) {
          // now() stands still within the transaction
          const own = await client.query<Row>(sql);
          const read = await client.query<Row>('SET LOCAL ROLE page_reader').then(() => client.query<Row>(sql));
          await client.query('RESET ROLE');
          expectRows(read.rows, own.rows);
        }
      } finally {
        await client.query('ROLLBACK');
      }
    });

    it('counts and unpacks what is packed', async () => {
      const room = await answer('Packed samples by retention class');
      const recent = samples.filter(({ seriesId, timeMs }) => seriesId === 1 && timeMs >= N - 7 * 24 * HOUR);
      const unpacked = recent.map(({ timeMs, value }) => ({ sample_time: new Date(timeMs), sample_value: value }));
      const total = samples.length + WITHOUT_VALUE;
      expect(room.reduce((sum, row) => sum + Number(row.samples), 0)).toBe(packed ? total : 0);
      expectRows(await answer('The samples of one packed row'), packed ? unpacked : []);
    });
  });
});

function seriesOf({ sourceName, query, source, labels }: PageSample): unknown {
  return [sourceName, query, source, labels];
}

function mean(group: PageSample[]): unknown {
  const sum = group.reduce((total, { value }) => total + value, 0);
  return Number.isNaN(sum) ? NaN : expect.closeTo(sum / group.length, 9);
}

function newest(group: PageSample[]): PageSample {
  return group.reduce((last, one) => (one.timeMs > last.timeMs ? one : last));
}

/** One row for each key, from all samples that have it. */
function grouped(all: PageSample[], key: (one: PageSample) => unknown, row: (group: PageSample[]) => Row): Row[] {
  const groups = new Map<string, PageSample[]>();
  for (const one of all) {
    const text = JSON.stringify(key(one) ?? null);
    groups.set(text, [...(groups.get(text) ?? []), one]);
  }
  return [...groups.values()].map(row);
}

/** The same rows in any order. */
function expectRows(found: Row[], expected: Row[]): void {
  expect(found.length).toBe(expected.length);
  expect(found).toEqual(expect.arrayContaining(expected));
}
