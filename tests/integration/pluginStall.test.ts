import { HugeAnswers } from './hugeAnswers';
import { createMemoryGroup, type MemoryGroup } from './memoryGroup';
import { PluginProcess, queryRequest, resourceRequest, VIEWER } from './pluginProcess';
import { until } from './promkeepProgram';
import { StalledCalls } from './stalledCalls';

/**
 * Item 5 of "nobody can overfill it", from the attacker's side: a browser that asks and does not read is, through Grafana, a
 * client of the plugin whose windows stay closed. Each call holds its whole answer.
 */
const CALLS = 1_000;
const LIMIT_MIB = 512;
/** As Node chooses in a control group of that size. What is garbage is collected every second, so that the rest can be seen. */
const HEAP = ['--max-old-space-size=256'];

let huge: HugeAnswers;
let group: MemoryGroup | undefined;
let plugin: PluginProcess;
let stalled: StalledCalls;

beforeAll(async () => {
  huge = await HugeAnswers.start();
  group = createMemoryGroup(LIMIT_MIB);
  const environment = { GF_PLUGIN_MEMORY_LIMIT_MIB: String(LIMIT_MIB) };
  const node = ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc, 1000).unref()'];
  plugin = await PluginProcess.start({ environment, prefix: group?.prefix, node: [...HEAP, ...node] });
  stalled = new StalledCalls(plugin.socketPath);
}, 60_000);

afterAll(async () => {
  stalled?.close();
  await plugin?.stop();
  await huge?.stop();
  group?.remove();
}, 30_000);

/** A metric in MiB. */
async function mib(name: string): Promise<number> {
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(await plugin.metrics())?.[1]) / 1024 ** 2;
}

const heldMib = (): Promise<number> => mib('promkeep_answer_memory_bytes');

/** What JavaScript holds, in its heap and outside. */
async function liveMib(): Promise<number> {
  return (await mib('nodejs_heap_size_used_bytes')) + (await mib('nodejs_external_memory_bytes'));
}

// [A17]
test('1,000 queries and 1,000 resource calls that nobody reads give back memory and places', async () => {
  const datasource = { uid: 'stalled', url: huge.url, jsonData: {} };
  const up = (): ReturnType<PluginProcess['query']> => plugin.query(datasource, VIEWER, { expr: 'up', instant: true });
  expect((await up()).error).toBe('');
  const beforeMib = await liveMib();
  for (let i = 0; i < CALLS; i++) {
    stalled.open('pluginv2.Data', 'QueryData', queryRequest(datasource, VIEWER, { expr: 'huge_200', instant: true }));
    const labels = resourceRequest(datasource, VIEWER, ['GET', 'api/v1/labels?query=huge_1000']);
    stalled.open('pluginv2.Resource', 'CallResource', labels);
  }
  await until('answers are held', async () => (await heldMib()) > 50 || undefined);
  await until('somebody else is answered beside them', async () => (await up()).error === '');
  await until('all calls are ended', async () => stalled.ended === 2 * CALLS || undefined, 90_000);
  expect(await heldMib()).toBeLessThan(0.01);
  expect((await up()).error).toBe('');
  expect(await mib('process_resident_memory_bytes')).toBeLessThan(LIMIT_MIB);
  await until('the memory is free', async () => (await liveMib()) < beforeMib + 20 || undefined);
}, 150_000);
