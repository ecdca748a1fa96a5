import fs from 'node:fs';
import { HugeAnswers } from './hugeAnswers';
import { createMemoryGroup, type MemoryGroup } from './memoryGroup';
import { type PluginDatasource, PluginProcess, VIEWER } from './pluginProcess';

/**
 * Item 4 of "nobody can overfill it", from the attacker's side: a Viewer asks for answers that no memory holds, again and again,
 * while others look at `up`. The plugin is a real process in a control group of 512 MiB. Where none can be made, it is told that
 * it has so much, V8's heap is what Node would choose then, and the test looks at the process's own peak.
 */
const LIMIT_MIB = 512;
const HEAP_MIB = 256;
const AT_ONCE = 20;

let huge: HugeAnswers;
let group: MemoryGroup | undefined;
let plugin: PluginProcess;

beforeAll(async () => {
  huge = await HugeAnswers.start();
  group = createMemoryGroup(LIMIT_MIB);
  plugin = await PluginProcess.start(
    group
      ? { prefix: group.prefix }
      : {
          node: [`--max-old-space-size=${HEAP_MIB}`],
          environment: { GF_PLUGIN_MEMORY_LIMIT_MIB: String(LIMIT_MIB) },
        }
  );
}, 60_000);

afterAll(async () => {
  await plugin?.stop();
  await huge?.stop();
  group?.remove();
}, 30_000);

function datasource(uid: string, jsonData: Record<string, unknown> = {}): PluginDatasource {
  return { uid, url: huge.url, jsonData };
}

function ask(from: PluginDatasource, expr: string): ReturnType<PluginProcess['query']> {
  return plugin.query(from, VIEWER, { expr, instant: true, range: false });
}

interface Asked {
  failures: string[];
  slowestMs: number;
  count: number;
}

/** Looks at `up` until the others are done. */
async function askUpUntil(done: Promise<unknown>): Promise<Asked> {
  const asked: Asked = { failures: [], slowestMs: 0, count: 0 };
  let isDone = false;
  const watch = done.then(() => (isDone = true));
  while (!isDone) {
    const startMs = performance.now();
    const { error, frames } = await ask(datasource('quiet'), 'up');
    asked.count++;
    asked.slowestMs = Math.max(asked.slowestMs, performance.now() - startMs);
    if (error || frames.length !== 1) {
      asked.failures.push(error || `${frames.length} frames`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await watch;
  return asked;
}

async function gauge(name: string): Promise<number> {
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await plugin.metrics())?.[1]);
}

function peakMib(): number {
  const [, kb] = /^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${plugin.process.pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

// [A17]
test('20 answers of a million series at once stop nobody from seeing up, in 512 MiB', async () => {
  expect(await gauge('promkeep_answer_memory_limit_bytes')).toBeLessThan((LIMIT_MIB / 2) * 1024 * 1024);
  for (let round = 0; round < 3; round++) {
    const attacks = Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) =>
        ask(datasource(`attacked-${i % 3}`, { answerMaxSeries: 10_000_000 }), 'huge_1000000')
      )
    );
    const up = await askUpUntil(attacks);
    const answers = await attacks;
    expect(up).toMatchObject({ failures: [] });
    expect(up.count).toBeGreaterThan(3);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([413, 429]));
    answers.forEach(({ error }) => expect(error).toContain('There is no room in memory for this answer'));
  }
  expect(await gauge('promkeep_answer_memory_bytes')).toBeLessThan(4096);
  expect(peakMib()).toBeLessThan(LIMIT_MIB);
  // and what fits is answered as before
  const { error, frames } = await ask(datasource('quiet'), 'huge_10000');
  expect([error, frames.length]).toEqual(['', 10_001]);
  expect(huge.running).toBe(0);
}, 180_000);

test('20 answers that just fit wait for each other, and take no more than there is', async () => {
  const attacks = Promise.all(Array.from({ length: AT_ONCE }, () => ask(datasource('patient'), 'huge_8000')));
  const up = await askUpUntil(attacks);
  const answers = await attacks;
  expect(up).toMatchObject({ failures: [] });
  const answered = answers.filter(({ frames }) => frames.length === 8_001);
  expect(answered.length).toBeGreaterThan(1);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(AT_ONCE - answered.length);
  expect(await gauge('promkeep_answer_memory_bytes')).toBeLessThan(4096);
  expect(peakMib()).toBeLessThan(LIMIT_MIB);
}, 120_000);

test('an answer with more series than any dashboard has is refused while it arrives', async () => {
  const { error, status } = await ask(datasource('limited', { answerMaxSeries: 5_000 }), 'huge_1000000');
  expect([status, error]).toEqual([
    422,
    'The answer has more than 5000 series, the limit. Aggregate, add matchers, or raise the limit.',
  ]);
  expect((await ask(datasource('default'), 'huge_1000000')).status).not.toBe(200);
}, 60_000);
