import { type ServiceError, status } from '@grpc/grpc-js';
import { tableFromIPC } from 'apache-arrow';
import { oneValue, pluginContext, PluginRig, type QueryAnswers, wireQuery } from '../../../tests/fakes/pluginRig';
import { type DataResponse } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';

let rig: PluginRig;

beforeEach(async () => {
  rig = new PluginRig();
  await rig.start();
});

afterEach(() => rig.stop());

describe('QueryData', () => {
  // [P9]
  it('hands over settings, caller and queries, and answers with Arrow', async () => {
    rig.instance.answer = async () => new Map([['A', oneValue(NaN)]]);
    const { responses } = await rig.call<QueryAnswers>('pluginv2.Data', 'QueryData', {
      pluginContext: pluginContext(),
      headers: { 'http_X-Dashboard-Uid': 'd1', FromAlert: 'true' },
      queries: [wireQuery('A')],
    });

    expect(rig.settings).toEqual([
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
    expect(rig.instance.asked).toEqual([
      {
        caller: {
          orgId: 1,
          user: { login: 'ada', role: 'Editor' },
          headers: { 'x-dashboard-uid': 'd1', fromalert: 'true' },
          memory: expect.anything(),
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

  // [P6]
  it('lets siblings of a failed query render', async () => {
    const failed: DataResponse = { frames: [], status: 422, error: 'too many samples', errorSource: 'downstream' };
    const uneven = oneValue(1);
    uneven.frames[0].fields.push({ type: 'number', name: 'short', values: new Float64Array(0) });
    rig.instance.answer = async () => new Map([['A', oneValue(1)], ['B', failed], ['C', uneven]]); // prettier-ignore
    const { responses } = await rig.queryData([
      wireQuery('A'),
      wireQuery('B'),
      wireQuery('C'),
      wireQuery('D'),
      wireQuery('E', '{'),
    ]);
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

  // [P6] [Q2.4]
  it('never answers with a status Grafana would turn into 500', async () => {
    rig.instance.answer = async () => new Map([['A', { frames: [], status: 0 }]]);
    expect((await rig.queryData([wireQuery('A')])).responses.A.status).toBe(200);
  });

  it('says in every answer why the datasource cannot be built, and tries again next time', async () => {
    rig.factory = async () => {
      throw new PromkeepError('SETTINGS_INVALID', 'No URL is set');
    };
    const { responses } = await rig.queryData([wireQuery('A'), wireQuery('B')]);
    expect([responses.A.error, responses.B.error, responses.A.status]).toEqual(['No URL is set', 'No URL is set', 400]);
    rig.factory = async () => rig.instance;
    rig.instance.answer = async () => new Map([['A', oneValue(1)]]);
    expect((await rig.queryData([wireQuery('A')])).responses.A.error).toBe('');
  });

  it('reports settings that are not JSON without quoting them', async () => {
    const { responses } = await rig.queryData([wireQuery('A')], { jsonData: Buffer.from('{"password": hunter2}') });
    expect(responses.A.error).toBe('The settings of datasource "Prom" are not valid JSON');
  });

  it('aborts the work when Grafana cancels', async () => {
    const aborted = new Promise<void>((resolve) => {
      rig.instance.answer = (signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            resolve();
            reject(new PromkeepError('QUERY_CANCELLED', 'cancelled'));
          })
        );
    });
    const answer = rig.queryData([wireQuery('A')], {}, (cancel) => setTimeout(cancel, 50));
    await expect(answer).rejects.toMatchObject({ code: status.CANCELLED });
    await aborted;
  });

  it('does not abort work that is answered, although gRPC then reports a cancellation too', async () => {
    let seen: AbortSignal | undefined;
    rig.instance.answer = async (signal) => {
      seen = signal;
      return new Map([['A', oneValue(1)]]);
    };
    await rig.queryData([wireQuery('A')]);
    await rig.queryData([wireQuery('A')]);
    expect(seen?.aborted).toBe(false);
  });

  // [A17] [P13]
  it('takes requests up to 16 MiB and gives larger answers', async () => {
    const many = new Float64Array(2_500_000);
    rig.instance.answer = async () =>
      new Map([['A', { status: 200, frames: [{ fields: [{ type: 'number', name: 'v', values: many }] }] }]]);
    const large = JSON.stringify({ expr: 'x'.repeat(15 * 1024 * 1024) });
    const { responses } = await rig.queryData([wireQuery('A', large)]);
    expect(responses.A.frames[0].length).toBeGreaterThan(20_000_000);
    const tooLarge = rig.queryData([wireQuery('A', JSON.stringify({ expr: 'x'.repeat(17 * 1024 * 1024) }))]);
    await expect(tooLarge).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  }, 30_000);

  it('sends chunks of one frame, and a frame with an error too', async () => {
    const failed: DataResponse = { frames: [], status: 400, error: 'parse error', errorSource: 'downstream' };
    rig.instance.answer = async () => new Map([['A', oneValue(1)], ['B', failed]]); // prettier-ignore
    const request = { pluginContext: pluginContext(), headers: {}, queries: [wireQuery('A'), wireQuery('B')] };
    const chunks = await rig.stream<{ frameId: string; frame: Buffer; error: string; status: number }>(
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
    const health = await rig.call('pluginv2.Diagnostics', 'CheckHealth', {
      pluginContext: pluginContext(),
      headers: {},
    });
    expect(health).toEqual({ status: 1, message: 'fine', jsonDetails: Buffer.from('{"application":"Prometheus"}') });
  });

  // [P6]
  it('answers health with ERROR, not with a failed call, when the datasource cannot be built', async () => {
    const health = await rig.call('pluginv2.Diagnostics', 'CheckHealth', { pluginContext: { orgId: 1 }, headers: {} });
    expect(health).toMatchObject({ status: 2, message: 'The request names no datasource' });
  });

  it('gives the metrics without a datasource', async () => {
    const { metrics } = await rig.call<{ metrics: { prometheus: Buffer } }>('pluginv2.Diagnostics', 'CollectMetrics', {
      pluginContext: { pluginId: 'p' },
    });
    expect(metrics.prometheus.toString()).toBe('promkeep_up 1\n');
  });

  // [P6]
  it('streams a large resource in pieces, with code and headers in the first', async () => {
    rig.instance.resourceBody = Buffer.alloc(2_500_000, 'x');
    const pieces = await rig.stream<{ code: number; headers: object; body: Buffer }>(
      'pluginv2.Resource',
      'CallResource',
      {
        pluginContext: pluginContext(),
        path: 'api/v1/label/a/b/values',
        method: 'GET',
        url: 'api/v1/label/a%2Fb/values?match[]=up&limit=1',
        headers: { Accept: { values: ['application/json', 'text/plain'] } },
      }
    );
    expect(pieces.map(({ code, body }) => [code, body.length])).toEqual([[203, 1048576], [0, 1048576], [0, 402848]]); // prettier-ignore
    expect(pieces[0].headers).toEqual({ 'content-type': { values: ['text/plain'] } });
    expect(rig.instance.resources[0].slice(0, 2)).toEqual([
      {
        method: 'GET',
        path: 'api/v1/label/a%2Fb/values',
        query: 'match[]=up&limit=1',
        headers: { accept: 'application/json, text/plain' },
        body: Buffer.alloc(0),
      },
      {
        orgId: 1,
        user: { login: 'ada', role: 'Editor' },
        headers: { accept: 'application/json, text/plain' },
        memory: expect.anything(),
      },
    ]);
  });

  it('answers a failed resource with its status and a JSON body', async () => {
    rig.instance.callResource = async () => {
      throw new PromkeepError('NOT_FOUND', 'No such path');
    };
    const request = { pluginContext: pluginContext(), path: 'x', method: 'GET', url: 'x' };
    const [piece] = await rig.stream<{ code: number; body: Buffer }>('pluginv2.Resource', 'CallResource', request);
    expect([piece.code, JSON.parse(piece.body.toString())]).toEqual([
      404,
      { message: 'No such path', code: 'NOT_FOUND' },
    ]);
  });

  // [P4]
  it('says it is serving', async () => {
    expect(await rig.call('grpc.health.v1.Health', 'Check', { service: 'plugin' })).toEqual({ status: 1 });
  });

  // [P6]
  it('names who is to blame when a call fails as a whole', async () => {
    rig.metricsText = async () => {
      throw new PromkeepError('SOURCE_UNREACHABLE', 'gone');
    };
    const failure = await rig
      .call<ServiceError>('pluginv2.Diagnostics', 'CollectMetrics', {})
      .catch((error: ServiceError) => error);
    expect([failure.code, failure.details]).toEqual([status.UNKNOWN, 'gone']);
    const [trailer] = failure.metadata.get('grpc-status-details-bin');
    expect(trailer.toString('latin1')).toContain('type.googleapis.com/google.rpc.ErrorInfo');
    expect(trailer.toString('latin1')).toMatch(/errorSource.{2}downstream/s);
  });
});
