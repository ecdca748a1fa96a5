import { ramp, ScriptedSource } from '../../../tests/fakes/scriptedSource';
import { PromkeepError } from '../model/errors';
import { type RangeQuery } from '../ports/metricSource';
import { type TimeRange } from '../model/timeRange';
import { fetchAhead } from './fetchAhead';

const STEP = 1_000;
const live = (): AbortSignal => new AbortController().signal;
const asking = (fromMs: number, toMs: number): RangeQuery => ({
  expr: 'up',
  startMs: fromMs,
  endMs: toMs,
  stepMs: STEP,
});
const following = ({ fromMs, toMs }: TimeRange): TimeRange | undefined =>
  toMs < 9_000 ? { fromMs: toMs + STEP, toMs: 2 * toMs - fromMs + STEP } : undefined;

function setUp() {
  const source = new ScriptedSource();
  const ahead = fetchAhead(source, following, live());
  const ask = (fromMs: number, toMs: number) => ahead.source.queryRange(asking(fromMs, toMs), { signal: live() });
  return { source, ahead, ask, asked: () => source.asked.map(({ startMs }) => startMs) };
}

it('asks for each range once, the following one before it is wanted, and for nothing behind the end', async () => {
  const { ask, asked } = setUp();
  const first = await ask(0, 4_000);
  expect(asked()).toEqual([0, 5_000]);
  const second = await ask(5_000, 9_000);
  expect(asked()).toEqual([0, 5_000]);
  expect(first.series[0].timesMs[0]).toBe(0);
  expect(second.series[0].timesMs[0]).toBe(5_000);
});

it('asks anew when another range is wanted than was foreseen, or what was foreseen is dropped', async () => {
  const { ahead, ask, asked } = setUp();
  await ask(0, 4_000);
  const other = await ask(5_000, 6_000);
  expect(other.series[0].timesMs).toHaveLength(2);
  expect(asked()).toEqual([0, 5_000, 5_000, 7_000]);
  ahead.drop();
  await ask(7_000, 8_000);
  expect(asked()).toEqual([0, 5_000, 5_000, 7_000, 7_000, 9_000]);
});

it('tells a failure only to whoever wants that range, and then asks again', async () => {
  const { source, ask } = setUp();
  source.answer = (query) => {
    if (query.startMs === 5_000) {
      throw new PromkeepError('SOURCE_TIMEOUT', 'late');
    }
    return { series: [ramp(query)] };
  };
  await ask(0, 4_000);
  await expect(ask(5_000, 9_000)).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
  source.answer = () => undefined;
  await expect(ask(5_000, 9_000)).resolves.toBeDefined();
});
