import { HALTED, startPolling } from './polling';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

it('waits the interval after an answer, not after a question', async () => {
  let runs = 0;
  const stop = startPolling(async () => {
    runs++;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }, 5_000);
  await jest.advanceTimersByTimeAsync(7_900);
  expect(runs).toBe(1);
  await jest.advanceTimersByTimeAsync(200);
  expect(runs).toBe(2);
  stop();
});

it('tells giving up after ten seconds from not wanting the answer any more', async () => {
  const reasons: unknown[] = [];
  const stop = startPolling(
    (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason === HALTED ? 'halted' : 'timeout');
          resolve();
        });
      }),
    5_000
  );
  await jest.advanceTimersByTimeAsync(10_001);
  expect(reasons).toEqual(['timeout']);
  await jest.advanceTimersByTimeAsync(5_001);
  stop();
  expect(reasons).toEqual(['timeout', 'halted']);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(reasons).toHaveLength(2);
});

it('ends when the task says so', async () => {
  let runs = 0;
  startPolling(async (_, stop) => {
    runs++;
    stop();
  }, 5_000);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(runs).toBe(1);
});
