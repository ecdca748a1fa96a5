import { Client, credentials, Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { tableFromIPC } from 'apache-arrow';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import { type DatasourceInstance, type DatasourceSettings, type DataResponse } from '../core/datasource';
import { PromkeepError } from '../core/errors';
import { type Logger } from '../core/ports';
import { loadProtocol } from './protocol';
import { type PluginOptions, type RunningPlugin, servePlugin } from './servePlugin';

/** A datasource whose answers the test sets; it keeps what it was asked. */
class FakeInstance implements DatasourceInstance {
  disposed = false;
  readonly asked: Array<Parameters<DatasourceInstance['queryData']>[0]> = [];
  readonly resources: Array<Parameters<DatasourceInstance['callResource']>> = [];
  answer: (signal: AbortSignal) => Promise<Map<string, DataResponse>> = async () => new Map();
  resourceBody: Uint8Array = Buffer.from('ok');

  queryData(request: Parameters<DatasourceInstance['queryData']>[0], signal: AbortSignal) {
    this.asked.push(request);
    return this.answer(signal);
  }
  async checkHealth() {
    return { status: 'ok' as const, message: 'fine', details: { application: 'Prometheus' } };
  }
  async callResource(...call: Parameters<DatasourceInstance['callResource']>) {
    this.resources.push(call);
    return { status: 203, headers: { 'content-type': 'text/plain' }, body: this.resourceBody };
  }
  async dispose() {
    this.disposed = true;
  }
}

const silent: Logger = { debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {}

let instance: FakeInstance;
let settings: DatasourceSettings[];
let events: EventEmitter;
let pipe: EventEmitter;
let lines: string[];
let exits: number[];
let parentPid: number;
let plugin: RunningPlugin;
let client: Client;
let factory: PluginOptions['factory'];

function options(): PluginOptions {
  return {
    factory: (given) => factory(given),
    logger: silent,
    metricsText: async () => 'promkeep_up 1\n',
    host: {
      magicCookie: 'datasource',
      protocolVersions: '2',
      socketDir: undefined,
      multiplex: undefined,
      clientCert: undefined,
    },
    tmpDir: os.tmpdir(),
    events,
    pipes: [pipe],
    parentPid: () => parentPid,
    writeHandshake: (line) => lines.push(line),
    exit: (code) => exits.push(code),
  };
}

const protocol = loadProtocol();

interface Sent {
  metadata?: Metadata;
  onCall?: (cancel: () => void) => void;
}

/** Calls a unary method as Grafana would, over the socket. */
function call<T>(service: string, name: string, request: object, sent: Sent = {}): Promise<T> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  return new Promise((resolve, reject) => {
    const running = client.makeUnaryRequest(
      path,
      requestSerialize,
      (bytes) => responseDeserialize(bytes) as T,
      request,
      sent.metadata ?? new Metadata(),
      (error, response) => (error ? reject(error) : resolve(response as T))
    );
    sent.onCall?.(() => running.cancel());
  });
}

async function stream<T>(service: string, name: string, request: object): Promise<T[]> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  const messages: T[] = [];
  const running = client.makeServerStreamRequest(
    path,
    requestSerialize,
    (bytes) => responseDeserialize(bytes) as T,
    request
  );
  running.on('data', (message: T) => messages.push(message));
  await once(running, 'end');
  return messages;
}

function methodOf(service: string, name: string): ServiceDefinition[string] {
  return protocol.service(service)[name];
}

const datasource = {
  id: 7,
  name: 'Prom',
  url: 'http://127.0.0.1:9090',
  jsonData: Buffer.from('{"httpMethod":"POST"}'),
  decryptedSecureJsonData: { basicAuthPassword: 'secret' },
  lastUpdatedMS: 1_700_000_000_000,
  uid: 'uid1',
};

function context(changes: object = {}) {
  return {
    orgId: 1,
    pluginId: 'promkeep-prometheus-datasource',
    user: { login: 'ada', role: 'Editor' },
    dataSourceInstanceSettings: { ...datasource, ...changes },
    grafanaConfig: { GF_APP_URL: 'http://localhost:3000/' },
  };
}

function query(refId: string, json = '{"expr":"up"}') {
  return {
    refId,
    maxDataPoints: 1000,
    intervalMS: 15_000,
    timeRange: { fromEpochMS: 1_700_000_000_000, toEpochMS: 1_700_003_600_000 },
    json: Buffer.from(json),
    queryType: 'promql',
  };
}

interface Answers {
  responses: Record<string, { frames: Buffer[]; error: string; status: number; errorSource: string }>;
}

const queryData = (queries: object[], changes: object = {}, sent: Sent = {}): Promise<Answers> =>
  call('pluginv2.Data', 'QueryData', { pluginContext: context(changes), headers: {}, queries }, sent);

const oneValue = (value: number): DataResponse => ({
  status: 200,
  frames: [{ fields: [{ type: 'number', name: 'Value', values: Float64Array.of(value) }] }],
});

beforeEach(async () => {
  instance = new FakeInstance();
  settings = [];
  events = new EventEmitter();
  pipe = new EventEmitter();
  lines = [];
  exits = [];
  parentPid = 42;
  factory = async (given) => {
    settings.push(given);
    return instance;
  };
  plugin = await servePlugin(options());
  client = new Client(`unix:${plugin.socketPath}`, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  await plugin.stop(0);
});

describe('the handshake', () => {
  it('is one line that names a socket only its owner can reach', () => {
    expect(lines).toEqual([`1|2|unix|${plugin.socketPath}|grpc|\n`]);
    expect(fs.statSync(plugin.socketPath.replace(/\/[^/]*$/, '')).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['a person', { magicCookie: undefined }, 'Grafana starts it'],
    ['a host of another protocol', { protocolVersions: '3,4' }, 'this plugin speaks 2'],
    ['a host that demands encryption', { clientCert: 'PEM' }, 'AutoMTLS'],
  ])('refuses %s before it writes anything', async (_who, host, text) => {
    const base = options();
    lines = [];
    await expect(servePlugin({ ...base, host: { ...base.host, ...host } })).rejects.toThrow(text);
    expect(lines).toEqual([]);
  });

  it('tells a host that wants multiplexing that there is none', async () => {
    const base = options();
    const other = await servePlugin({ ...base, host: { ...base.host, multiplex: 'true' } });
    expect(lines[1]).toBe(`1|2|unix|${other.socketPath}|grpc||false\n`);
    await other.stop(0);
  });

  it('names the remedy when the directory is too long for a socket', async () => {
    const socketDir = '/' + 'x'.repeat(100);
    await expect(servePlugin({ ...options(), host: { ...options().host, socketDir } })).rejects.toThrow('TMPDIR');
  });
});

describe('QueryData', () => {
  it('hands over settings, caller and queries, and answers with Arrow', async () => {
    instance.answer = async () => new Map([['A', oneValue(NaN)]]);
    const { responses } = await call<Answers>('pluginv2.Data', 'QueryData', {
      pluginContext: context(),
      headers: { 'http_X-Dashboard-Uid': 'd1', FromAlert: 'true' },
      queries: [query('A')],
    });

    expect(settings).toEqual([
      {
        uid: 'uid1',
        name: 'Prom',
        orgId: 1,
        url: 'http://127.0.0.1:9090',
        user: '',
        basicAuthEnabled: false,
        basicAuthUser: '',
        jsonData: { httpMethod: 'POST' },
        secrets: { basicAuthPassword: 'secret' },
        grafanaConfig: { GF_APP_URL: 'http://localhost:3000/' },
      },
    ]);
    expect(instance.asked).toEqual([
      {
        caller: {
          orgId: 1,
          user: { login: 'ada', role: 'Editor' },
          headers: { 'x-dashboard-uid': 'd1', fromalert: 'true' },
        },
        queries: [
          {
            refId: 'A',
            queryType: 'promql',
            maxDataPoints: 1000,
            intervalMs: 15_000,
            range: { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 },
            json: { expr: 'up' },
          },
        ],
      },
    ]);
    expect(responses.A).toMatchObject({ status: 200, error: '' });
    const table = tableFromIPC(responses.A.frames[0]);
    expect([table.schema.metadata.get('refId'), table.getChildAt(0)?.get(0)]).toEqual(['A', NaN]);
  });

  it('lets siblings of a failed query render', async () => {
    const failed: DataResponse = { frames: [], status: 422, error: 'too many samples', errorSource: 'downstream' };
    const uneven = oneValue(1);
    uneven.frames[0].fields.push({ type: 'number', name: 'short', values: new Float64Array(0) });
    instance.answer = async () => new Map([['A', oneValue(1)], ['B', failed], ['C', uneven]]); // prettier-ignore
    const { responses } = await queryData([query('A'), query('B'), query('C'), query('D'), query('E', '{')]);
    expect(
      Object.fromEntries(Object.entries(responses).map(([id, r]) => [id, [r.status, r.error, r.errorSource]]))
    ).toEqual({
      A: [200, '', ''],
      B: [422, 'too many samples', 'downstream'],
      C: [500, 'Field "short" has 0 values, but its frame has 1 rows', 'plugin'],
      D: [500, 'The query was not answered', 'plugin'],
      E: [400, 'Query E is not valid JSON', 'downstream'],
    });
  });

  it('never answers with a status Grafana would turn into 500', async () => {
    instance.answer = async () => new Map([['A', { frames: [], status: 0 }]]);
    expect((await queryData([query('A')])).responses.A.status).toBe(200);
  });

  it('says in every answer why the datasource cannot be built, and tries again next time', async () => {
    factory = async () => {
      throw new PromkeepError('SETTINGS_INVALID', 'No URL is set');
    };
    const { responses } = await queryData([query('A'), query('B')]);
    expect([responses.A.error, responses.B.error, responses.A.status]).toEqual(['No URL is set', 'No URL is set', 400]);
    factory = async () => instance;
    instance.answer = async () => new Map([['A', oneValue(1)]]);
    expect((await queryData([query('A')])).responses.A.error).toBe('');
  });

  it('reports settings that are not JSON without quoting them', async () => {
    const { responses } = await queryData([query('A')], { jsonData: Buffer.from('{"password": hunter2}') });
    expect(responses.A.error).toBe('The settings of datasource "Prom" are not valid JSON');
  });

  it('aborts the work when Grafana cancels', async () => {
    const aborted = new Promise<void>((resolve) => {
      instance.answer = (signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            resolve();
            reject(new PromkeepError('QUERY_CANCELLED', 'cancelled'));
          })
        );
    });
    const answer = queryData([query('A')], {}, { onCall: (cancel) => setTimeout(cancel, 50) });
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await aborted;
  });

  it('takes requests up to 16 MiB and gives larger answers', async () => {
    const many = new Float64Array(2_500_000);
    instance.answer = async () =>
      new Map([['A', { status: 200, frames: [{ fields: [{ type: 'number', name: 'v', values: many }] }] }]]);
    const large = JSON.stringify({ expr: 'x'.repeat(15 * 1024 * 1024) });
    const direct = new Client(`unix:${plugin.socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    client.close();
    client = direct;
    const { responses } = await queryData([query('A', large)]);
    expect(responses.A.frames[0].length).toBeGreaterThan(20_000_000);
    const tooLarge = queryData([query('A', JSON.stringify({ expr: 'x'.repeat(17 * 1024 * 1024) }))]);
    await expect(tooLarge).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it('sends chunks of one frame, and a frame with an error too', async () => {
    const failed: DataResponse = { frames: [], status: 400, error: 'parse error', errorSource: 'downstream' };
    instance.answer = async () => new Map([['A', oneValue(1)], ['B', failed]]); // prettier-ignore
    const request = { pluginContext: context(), headers: {}, queries: [query('A'), query('B')] };
    const chunks = await stream<{ frameId: string; frame: Buffer; error: string; status: number }>(
      'pluginv2.Data',
      'QueryChunkedData',
      request
    );
    expect(chunks.map(({ frameId, error, status: code }) => [frameId, error, code])).toEqual([
      ['A-0', '', 200],
      ['B-error', 'parse error', 400],
    ]);
    expect(tableFromIPC(chunks[1].frame).numCols).toBe(0);
  });
});

describe('the other calls', () => {
  it('answers health with what the datasource says', async () => {
    const health = await call('pluginv2.Diagnostics', 'CheckHealth', { pluginContext: context(), headers: {} });
    expect(health).toEqual({ status: 1, message: 'fine', jsonDetails: Buffer.from('{"application":"Prometheus"}') });
  });

  it('answers health with ERROR, not with a failed call, when the datasource cannot be built', async () => {
    const health = await call('pluginv2.Diagnostics', 'CheckHealth', { pluginContext: { orgId: 1 }, headers: {} });
    expect(health).toMatchObject({ status: 2, message: 'The request names no datasource' });
  });

  it('gives the metrics without a datasource', async () => {
    const { metrics } = await call<{ metrics: { prometheus: Buffer } }>('pluginv2.Diagnostics', 'CollectMetrics', {
      pluginContext: { pluginId: 'p' },
    });
    expect(metrics.prometheus.toString()).toBe('promkeep_up 1\n');
  });

  it('streams a large resource in pieces, with code and headers in the first', async () => {
    instance.resourceBody = Buffer.alloc(2_500_000, 'x');
    const pieces = await stream<{ code: number; headers: object; body: Buffer }>('pluginv2.Resource', 'CallResource', {
      pluginContext: context(),
      path: 'api/v1/label/a/b/values',
      method: 'GET',
      url: 'api/v1/label/a%2Fb/values?match[]=up&limit=1',
      headers: { Accept: { values: ['application/json', 'text/plain'] } },
    });
    expect(pieces.map(({ code, body }) => [code, body.length])).toEqual([[203, 1048576], [0, 1048576], [0, 402848]]); // prettier-ignore
    expect(pieces[0].headers).toEqual({ 'content-type': { values: ['text/plain'] } });
    expect(instance.resources[0].slice(0, 2)).toEqual([
      {
        method: 'GET',
        path: 'api/v1/label/a%2Fb/values',
        query: 'match[]=up&limit=1',
        headers: { accept: 'application/json, text/plain' },
        body: Buffer.alloc(0),
      },
      { orgId: 1, user: { login: 'ada', role: 'Editor' }, headers: { accept: 'application/json, text/plain' } },
    ]);
  });

  it('answers a failed resource with its status and a JSON body', async () => {
    instance.callResource = async () => {
      throw new PromkeepError('NOT_FOUND', 'No such path');
    };
    const request = { pluginContext: context(), path: 'x', method: 'GET', url: 'x' };
    const [piece] = await stream<{ code: number; body: Buffer }>('pluginv2.Resource', 'CallResource', request);
    expect([piece.code, JSON.parse(piece.body.toString())]).toEqual([
      404,
      { message: 'No such path', code: 'NOT_FOUND' },
    ]);
  });

  it('has no stream to subscribe to and lets nobody publish', async () => {
    const request = { pluginContext: context(), path: 'p' };
    expect(await call('pluginv2.Stream', 'SubscribeStream', request)).toMatchObject({ status: 1 });
    expect(await call('pluginv2.Stream', 'PublishStream', request)).toMatchObject({ status: 2 });
  });

  it('says it is serving', async () => {
    expect(await call('grpc.health.v1.Health', 'Check', { service: 'plugin' })).toEqual({ status: 1 });
  });

  it('names who is to blame when a call fails as a whole', async () => {
    await plugin.stop(0);
    client.close();
    plugin = await servePlugin({
      ...options(),
      metricsText: async () => {
        throw new PromkeepError('SOURCE_UNREACHABLE', 'gone');
      },
    });
    client = new Client(`unix:${plugin.socketPath}`, credentials.createInsecure());
    const failure: { code: number; details: string; metadata: Metadata } = await call(
      'pluginv2.Diagnostics',
      'CollectMetrics',
      {}
    ).then(
      () => fail('must not succeed'),
      (error) => error
    );
    expect([failure.code, failure.details]).toEqual([status.UNKNOWN, 'gone']);
    const [trailer] = failure.metadata.get('grpc-status-details-bin');
    expect(trailer.toString('latin1')).toContain('type.googleapis.com/google.rpc.ErrorInfo');
    expect(trailer.toString('latin1')).toMatch(/errorSource.{2}downstream/s);
  });
});

describe('the life cycle', () => {
  it('answers Shutdown, disposes of the instances, removes the socket and exits with 0 in time', async () => {
    instance.answer = async () => new Map([['A', oneValue(1)]]);
    await queryData([query('A')]);
    const start = Date.now();
    await expect(call('plugin.GRPCController', 'Shutdown', {})).resolves.toEqual({});
    await plugin.stop(0);
    expect(Date.now() - start).toBeLessThan(2000);
    expect([exits, instance.disposed, fs.existsSync(plugin.socketPath)]).toEqual([[0], true, false]);
  });

  it('stops in time although a query and a dispose hang', async () => {
    instance.answer = () => new Promise(noop);
    const hanging = queryData([query('A')]).catch(noop);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = Date.now();
    events.emit('SIGTERM');
    await plugin.stop(0);
    expect(Date.now() - start).toBeLessThan(1900);
    expect(exits).toEqual([0]);
    await hanging;
  });

  it('ignores SIGINT, because Ctrl-C reaches Grafana and its plugins alike', async () => {
    expect(events.emit('SIGINT')).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(exits).toEqual([]);
  });

  it('exits when its parent is gone, which a killed Grafana does not announce', async () => {
    parentPid = 1;
    for (let i = 0; i < 100 && exits.length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(exits).toEqual([0]);
  });

  it('exits when nobody reads its log any more', () => {
    pipe.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(exits).toEqual([0]);
  });

  it('exits with 1 after a crash, so that Grafana starts it anew', () => {
    events.emit('uncaughtException', new Error('boom'));
    expect([exits, fs.existsSync(plugin.socketPath)]).toEqual([[1], false]);
  });
});
