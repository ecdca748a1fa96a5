import { setTimeout as sleep } from 'node:timers/promises';
import { PromkeepError } from '../../core/model/errors';
import { Topic, type TopicEvent } from './topic';

interface Asked {
  count: number;
  aborted: number;
}

function topicOf(answer: (count: number, signal: AbortSignal) => Promise<unknown>, intervalMs = 20) {
  const asked: Asked = { count: 0, aborted: 0 };
  let sequence = 0;
  const topic = new Topic({
    name: 'summary',
    intervalMs,
    limitMs: 1_000,
    nextSequence: () => ++sequence,
    produce: (signal) => {
      signal.addEventListener('abort', () => asked.aborted++);
      return answer(++asked.count, signal);
    },
  });
  return { topic, asked };
}

function listen(topic: Topic, seen?: number) {
  const events: TopicEvent[] = [];
  let wake = (): void => undefined;
  const leave = topic.subscribe((event) => {
    events.push(event);
    wake();
  }, seen);
  const until = async (count: number): Promise<TopicEvent[]> => {
    while (events.length < count) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return events;
  };
  return { events, leave, until };
}

it('asks once for everybody, again and again', async () => {
  const { topic, asked } = topicOf(async (count) => count);
  const readers = [1, 2, 3].map(() => listen(topic));
  await Promise.all(readers.map((reader) => reader.until(3)));
  expect(asked.count).toBe(3);
  readers.forEach(({ events }) => expect(events.map(({ json }) => json)).toEqual(['1', '2', '3']));
  readers.forEach(({ leave }) => leave());
});

it('asks nobody when nobody listens, and gives up what is under way', async () => {
  const { topic, asked } = topicOf(
    (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
  );
  const { leave, events } = listen(topic);
  await sleep(10);
  leave();
  await sleep(60);
  expect(asked).toEqual({ count: 1, aborted: 1 });
  expect(events).toEqual([]);
  expect(topic.isIdle).toBe(true);
});

it('tells a newcomer at once what is fresh, unless it knows that', async () => {
  const { topic } = topicOf(async () => 'x', 60_000);
  const first = listen(topic);
  const [{ sequence }] = await first.until(1);
  expect(listen(topic).events).toHaveLength(1);
  expect(listen(topic, sequence).events).toHaveLength(0);
});

it('tells for how long there has been no answer', async () => {
  const { topic } = topicOf(() => Promise.reject(new PromkeepError('SOURCE_UNREACHABLE', 'gone')));
  const { until, leave } = listen(topic);
  const [first, second, third] = (await until(3)).map(({ json }): { failingMs?: number } => JSON.parse(json));
  leave();
  expect(first.failingMs).toBeUndefined();
  expect(second.failingMs).toBeGreaterThanOrEqual(19);
  expect(third.failingMs).toBeGreaterThan(second.failingMs ?? 0);
});

it('tells why there is no answer, and goes on', async () => {
  const { topic } = topicOf(async (count) => {
    if (count === 1) {
      throw new PromkeepError('SOURCE_UNREACHABLE', 'cannot reach the database');
    }
    return 'there again';
  });
  const { until, leave } = listen(topic);
  const events = await until(2);
  leave();
  expect(events.map(({ json }) => JSON.parse(json))).toEqual([{ failure: 'cannot reach the database' }, 'there again']);
});
