import { type ServiceError, status } from '@grpc/grpc-js';
import { pause, pluginContext, PluginRig } from '../../../tests/fakes/pluginRig';
import { PromkeepError } from '../../core/model/errors';
import { type FramePacket } from '../../core/frames/frameJson';

const ASK = { query: { expr: 'up' }, rangeMs: 900_000 };
const SCHEMA = { fields: [{ name: 'labels', type: 'string' as const, typeInfo: { frame: 'string' as const } }] };
const FIRST: FramePacket = { schema: SCHEMA, data: { values: [['{}']] } };
const request = {
  pluginContext: pluginContext(),
  path: 'live/abc',
  data: Buffer.from(JSON.stringify(ASK)),
  headers: { 'http_X-Dashboard-Uid': 'd1' },
};

let rig: PluginRig;

beforeEach(async () => {
  rig = new PluginRig();
  await rig.start();
});

afterEach(() => rig.stop());

interface Status {
  status: number;
  data: Buffer;
}

interface Packet {
  data: Buffer;
}

const subscribe = (part: object = {}): Promise<Status> =>
  rig.call<Status>('pluginv2.Stream', 'SubscribeStream', { ...request, ...part });

describe('subscribing', () => {
  it('gives the first packet to whom the datasource lets in, schema before data', async () => {
    rig.instance.decision = { kind: 'open', first: FIRST };
    const answer = await subscribe();
    expect([answer.status, answer.data.toString()]).toEqual([0, JSON.stringify(FIRST)]);
    expect(answer.data.indexOf('schema')).toBeLessThan(answer.data.indexOf('data'));
  });

  it('passes on path, data and caller', async () => {
    await subscribe();
    const caller = { orgId: 1, user: { login: 'ada', role: 'Editor' }, headers: { 'x-dashboard-uid': 'd1' } };
    expect(rig.instance.streams).toEqual([{ path: 'live/abc', data: ASK, caller }]);
  });

  it.each([
    ['no such channel', { kind: 'unknown' as const }, 1],
    ['a refusal', { kind: 'refused' as const, reason: 'no' }, 2],
  ])('answers %s with its status', async (_, decision, code) => {
    rig.instance.decision = decision;
    expect((await subscribe()).status).toBe(code);
  });

  it('takes data that are not JSON for none', async () => {
    await subscribe({ data: Buffer.from('{"query":') });
    expect(rig.instance.streams[0].data).toBeUndefined();
  });
});

describe('publishing', () => {
  it('is nobody allowed', async () => {
    expect(await rig.call('pluginv2.Stream', 'PublishStream', request)).toMatchObject({ status: 2 });
    expect(rig.instance.streams).toEqual([]);
  });
});

describe('a running stream', () => {
  const run = (onMessage?: Parameters<PluginRig['stream']>[3]): Promise<unknown[]> =>
    rig.stream('pluginv2.Stream', 'RunStream', request, onMessage);

  it('sends a message for each packet and ends with the datasource', async () => {
    rig.instance.feed = async (emit) => {
      await emit(FIRST);
      await emit({ data: { values: [['{a="b"}']] } });
    };
    const packets = (await run()) as Packet[];
    expect(packets.map(({ data }) => data.toString())).toEqual([
      JSON.stringify(FIRST),
      '{"data":{"values":[["{a=\\"b\\"}"]]}}',
    ]);
  });

  it('is aborted when Grafana has no subscriber left', async () => {
    const aborted = new Promise<void>((resolve) => {
      rig.instance.feed = async (emit, signal) => {
        await emit(FIRST);
        await new Promise<void>((left) => signal.addEventListener('abort', () => left()));
        resolve();
      };
    });
    await expect(run((_, call) => call.cancel())).rejects.toMatchObject({ code: status.CANCELLED });
    await aborted;
  });

  it('waits for a slow reader instead of piling up packets', async () => {
    const large: FramePacket = { data: { values: [['x'.repeat(1 << 20)]] } };
    let emitted = 0;
    rig.instance.feed = async (emit) => {
      for (; emitted < 40; emitted++) {
        await emit(large);
      }
    };
    let emittedWhilePaused = 0;
    const packets = await run((messages, call) => {
      if (messages.length === 1) {
        call.pause();
        void pause(500).then(() => {
          emittedWhilePaused = emitted;
          call.resume();
        });
      }
    });
    expect(packets).toHaveLength(40);
    expect(emittedWhilePaused).toBeLessThan(40);
  }, 30_000);

  // [P6]
  it('fails with the blame when the datasource fails, upon which Grafana starts it anew', async () => {
    rig.instance.feed = () => Promise.reject(new PromkeepError('INTERNAL', 'a bug'));
    const failure = await run().catch((error: ServiceError) => error);
    expect(failure).toMatchObject({ code: status.UNKNOWN, details: 'a bug' });
  });

  it('keeps its instance alive until it ends, also when the settings have changed', async () => {
    let disposedMeanwhile: boolean | undefined;
    rig.instance.feed = async (emit) => {
      await emit(FIRST);
      await rig.queryData([], { lastUpdatedMS: 1_800_000_000_000 });
      disposedMeanwhile = rig.instance.disposed;
    };
    await run();
    await pause(20);
    expect([disposedMeanwhile, rig.instance.disposed]).toEqual([false, true]);
  });

  it('ends with the plugin', async () => {
    rig.instance.feed = (_emit, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    const running = run().catch(() => []);
    await pause(50);
    const start = Date.now();
    await rig.plugin.stop(0);
    expect(Date.now() - start).toBeLessThan(1_900);
    await running;
  });
});
