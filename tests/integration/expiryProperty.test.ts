import fc from 'fast-check';
import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import { SERVERS, T0, TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { writing } from './archiveWrites';

jest.setTimeout(600_000);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What its days are is written here once more, so that a fault in how classes are read does not pass as right. */
const DAYS: Readonly<Record<string, number>> = { '1d': 1, '7d': 7, '2w': 14, '60d': 60, '1y': 366, forever: Infinity };
const CLASSES = [...Object.keys(DAYS), '9999y', 'whatever'];
const daysOf = (retention: string): number => DAYS[retention] ?? Infinity;
const NAMES = ['a', 'b'];

type Task = 'pack' | 'rollUp' | 'expire';
const TASKS: Task[] = ['pack', 'rollUp', 'expire'];

type Operation =
  | { kind: 'write'; name: string; daysAgo: number; hours: number }
  | { kind: 'class'; name: string; retention: string; waits: boolean }
  | { kind: 'upkeep'; daysLater: number; jobs: Task[] };

const name = fc.constantFrom(...NAMES);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('write' as const),
    name,
    daysAgo: fc.integer({ min: 1, max: 90 }),
    hours: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({
    kind: fc.constant('class' as const),
    name,
    retention: fc.constantFrom(...CLASSES),
    waits: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('upkeep' as const),
    daysLater: fc.integer({ min: 0, max: 20 }),
    jobs: fc.oneof(fc.constant(TASKS), fc.subarray(TASKS, { minLength: 1 })),
  })
);

/** What ought to be true of one query, without a word of SQL. */
class Expectation {
  inForce = '60d';
  private asked: { retention: string; due: boolean } | undefined;
  private written = false;
  /** Times that must be there; those that may have gone are in neither. */
  readonly present = new Set<number>();

  write(timesMs: readonly number[]): void {
    this.written = true;
    timesMs.forEach((timeMs) => this.present.add(timeMs));
  }

  ask(retention: string, waits: boolean): void {
    if (daysOf(retention) < daysOf(this.inForce) && this.written) {
      this.asked = { retention, due: !waits };
    } else {
      this.inForce = retention;
      this.asked = undefined;
    }
  }

  /** Every task of the upkeep begins with what is due; only expiry removes anything. */
  upkeep(nowMs: number, expires: boolean): void {
    if (this.asked?.due) {
      this.inForce = this.asked.retention;
      this.asked = undefined;
    }
    const limitMs = expires ? nowMs - daysOf(this.inForce) * DAY : -Infinity;
    [...this.present].filter((timeMs) => timeMs < limitMs).forEach((timeMs) => this.present.delete(timeMs));
  }
}

/** Two queries in a database, and the same in the mind of the test. */
class Run {
  private nowMs = T0 + 100 * DAY;
  private readonly expected = new Map(NAMES.map((one) => [one, new Expectation()]));

  constructor(
    private readonly test: TestServer,
    private readonly url: string,
    private readonly archive: Archive,
    private readonly client: Client
  ) {}

  async do(operation: Operation): Promise<void> {
    if (operation.kind === 'upkeep') {
      await this.upkeep(operation);
    } else if (operation.kind === 'write') {
      await this.write(operation);
    } else {
      this.of(operation.name).ask(operation.retention, operation.waits);
      await this.provision(operation.name, operation.retention);
      await this.client.query(
        `UPDATE promkeep_pending SET effective_at = now() + interval '7 days' * $2 WHERE query_id =
        (SELECT query_id FROM promkeep_queries WHERE name = $1)`,
        [operation.name, operation.waits ? 1 : 0]
      );
    }
    await this.check(JSON.stringify(operation));
  }

  async provision(changed?: string, retention = ''): Promise<void> {
    const queries = NAMES.map((one) => ({
      ...{ name: one, expression: 'up', stepMs: HOUR },
      retention: one === changed ? retention : (this.wanted.get(one) ?? '60d'),
    }));
    queries.forEach((query) => this.wanted.set(query.name, query.retention));
    await this.archive.definitions.provision(queries);
  }

  private readonly wanted = new Map<string, string>();

  private async write({ name: of, daysAgo, hours }: Extract<Operation, { kind: 'write' }>): Promise<void> {
    const fromMs = this.nowMs - daysAgo * DAY;
    const times = Array.from({ length: hours }, (_, i) => fromMs + i * HOUR).filter((timeMs) => timeMs <= this.nowMs);
    const range = { fromMs, toMs: times[times.length - 1] };
    const timesMs = Float64Array.from(times);
    const provenance = { expression: 'up', stepMs: HOUR, fetchedAtMs: this.nowMs, warnings: [] };
    const query = { kind: 'recorded', name: of } as const;
    const series = { labels: { __name__: of }, timesMs, values: timesMs };
    await this.archive.samples.writeRange(writing([series], { query, range, covered: [range], provenance }), live());
    this.of(of).write(times);
  }

  private async upkeep({ daysLater, jobs: tasks }: Extract<Operation, { kind: 'upkeep' }>): Promise<void> {
    this.nowMs += daysLater * DAY;
    const jobs = this.test.jobs(this.url, this.nowMs);
    for (const task of tasks) {
      const { failedQueries } = await (task === 'pack' ? jobs.packClosed(live()) : jobs[task](live()));
      expect(failedQueries).toBe(0);
    }
    await jobs.close();
    this.expected.forEach((one) => one.upkeep(this.nowMs, tasks.includes('expire')));
  }

  private async check(after: string): Promise<void> {
    for (const of of NAMES) {
      const range = { fromMs: 0, toMs: this.nowMs };
      const [series] = await this.archive.samples.readSeries({ query: { kind: 'recorded', name: of }, range }, live());
      const there = new Set<number>(series?.timesMs ?? []);
      const young = [...this.of(of).present].filter((timeMs) => !there.has(timeMs));
      const claimed = (await this.archive.ledger.coverage(of)).flatMap(({ fromMs, toMs }) =>
        Array.from({ length: (toMs - fromMs) / HOUR + 1 }, (_, i) => fromMs + i * HOUR)
      );
      const lost = claimed.filter((timeMs) => !there.has(timeMs));
      expect({ after, of, young: young.map(dateOf), lost: lost.map(dateOf) }).toEqual({
        after,
        of,
        young: [],
        lost: [],
      });
    }
  }

  private of(one: string): Expectation {
    return this.expected.get(one) ?? new Expectation();
  }
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

// [A15]
describe.each(SERVERS)('expiry on $name', (server) => {
  const test = new TestServer(server);
  beforeAll(() => test.start());
  afterAll(() => test.stop());

  const run = async (operations: readonly Operation[]): Promise<void> => {
    const url = await test.freshDatabase();
    try {
      const steps = new Run(test, url, test.archive(url), await test.client(url));
      await steps.provision();
      for (const one of operations) {
        await steps.do(one);
      }
    } finally {
      await test.closeAll();
    }
  };

  it('forever is not for ever: what was filled in again goes with the rollups of a class it had once', async () => {
    // Without packing, as where its lock is held by somebody else.
    const all: Task[] = ['rollUp', 'expire'];
    await run([
      { kind: 'write', name: 'a', daysAgo: 3, hours: 48 },
      { kind: 'upkeep', daysLater: 70, jobs: all },
      { kind: 'class', name: 'a', retention: 'forever', waits: true },
      { kind: 'write', name: 'a', daysAgo: 73, hours: 5 },
      { kind: 'upkeep', daysLater: 1, jobs: all },
      { kind: 'upkeep', daysLater: 1, jobs: all },
    ]);
  });

  it('leaves what the ledger claims and what is younger than its limit, whatever happens in whatever order', async () => {
    await fc.assert(fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 12 }), run), {
      numRuns: 12,
      interruptAfterTimeLimit: 120_000,
      markInterruptAsFailure: false,
    });
  });
});
