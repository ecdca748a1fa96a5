import { PromkeepError } from '../core/model/errors';
import { type LogAttributes, type Logger } from '../core/ports/logger';
import { createUpkeepSchedule, type UpkeepJob } from './upkeepSchedule';

interface Line {
  level: string;
  attributes?: LogAttributes;
}

function setUp(rounds: number) {
  const lines: Line[] = [];
  const log =
    (level: string) =>
    (_message: string, attributes?: LogAttributes): void =>
      void lines.push({ level, attributes });
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const waits: number[] = [];
  let finished: () => void;
  const done = new Promise<void>((resolve) => (finished = resolve));
  // The first wait comes before the first round.
  const sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    waits.push(ms);
    if (waits.length > rounds) {
      finished();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    }
  };
  const metrics = { upkept: () => undefined };
  return { lines, waits, done, options: { logger, sleep, metrics, monotonicClock: { nowMs: () => 0 } } };
}

describe('upkeep', () => {
  it('runs every job each hour, the first time five minutes after the start', async () => {
    const { options, waits, done, lines } = setUp(2);
    const ran: string[] = [];
    const job = (name: string): UpkeepJob => ({ name, run: async () => (ran.push(name), { rows: 1 }) });
    const upkeep = createUpkeepSchedule({ jobs: [job('pack'), job('expire')], ...options });
    upkeep.start();
    await done;
    await upkeep.stop();
    expect(ran).toEqual(['pack', 'expire', 'pack', 'expire']);
    expect(waits).toEqual([300_000, 3_600_000, 3_600_000]);
    expect(lines[0]).toEqual({ level: 'info', attributes: { job: 'pack', rows: 1 } });
  });

  it('counts a run as failed that failed for some queries only', async () => {
    const { options, done, lines } = setUp(1);
    const told: string[] = [];
    const jobs: UpkeepJob[] = [{ name: 'pack', run: async () => ({ rows: 1, failedQueries: 2 }) }];
    const metrics = { upkept: (job: string, outcome: string) => void told.push(`${job} ${outcome}`) };
    const upkeep = createUpkeepSchedule({ ...options, jobs, metrics });
    upkeep.start();
    await done;
    await upkeep.stop();
    expect(lines).toEqual([{ level: 'error', attributes: { job: 'pack', rows: 1, failedQueries: 2 } }]);
    expect(told).toEqual(['pack failed']);
  });

  // [A15]
  it('logs a failing job and goes on with the next one', async () => {
    const { options, done, lines } = setUp(1);
    const jobs: UpkeepJob[] = [
      { name: 'pack', run: () => Promise.reject(new PromkeepError('ARCHIVE_UNREACHABLE', 'gone')) },
      { name: 'expire', run: async () => ({}) },
    ];
    const upkeep = createUpkeepSchedule({ ...options, jobs });
    upkeep.start();
    await done;
    await upkeep.stop();
    expect(lines).toEqual([
      { level: 'error', attributes: { job: 'pack', code: 'ARCHIVE_UNREACHABLE', error: 'gone' } },
      { level: 'info', attributes: { job: 'expire' } },
    ]);
  });

  it('aborts the running job when it is stopped, without calling that a failure', async () => {
    const { options, lines } = setUp(1);
    let started: () => void;
    const running = new Promise<void>((resolve) => (started = resolve));
    const run = (signal: AbortSignal): Promise<LogAttributes> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        started();
      });
    const upkeep = createUpkeepSchedule({ ...options, jobs: [{ name: 'pack', run }], sleep: async () => undefined });
    upkeep.start();
    await running;
    await upkeep.stop();
    expect(lines).toEqual([]);
  });
});
