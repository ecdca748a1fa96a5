import { type DatasourceInstance, type DatasourceSettings } from '../../core/ports/datasource';
import { PromkeepError } from '../../core/model/errors';
import { type Logger } from '../../core/ports/logger';
import { InstanceCache } from './instanceCache';
import { type WirePluginContext } from './wireMessages';

const silent: Logger = { debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {}

interface Built {
  settings: DatasourceSettings;
  disposed: boolean;
}

function setUp(beforeBuilt: () => Promise<void> = async () => undefined) {
  const built: Built[] = [];
  const cache = new InstanceCache(async (settings) => {
    const one: Built = { settings, disposed: false };
    built.push(one);
    await beforeBuilt();
    const unused = async () => {
      throw new Error('not used here');
    };
    const dispose = async () => void (one.disposed = true);
    return {
      queryData: unused,
      checkHealth: unused,
      callResource: unused,
      decideStream: unused,
      openStream: unused,
      dispose,
    } satisfies DatasourceInstance;
  }, silent);
  return { built, cache };
}

function context(changes: { orgId?: number; config?: Record<string, string>; settings?: object } = {}) {
  return {
    orgId: changes.orgId ?? 1,
    pluginId: 'p',
    user: null,
    dataSourceInstanceSettings: {
      id: 1,
      name: 'Prom',
      url: '',
      user: '',
      database: '',
      basicAuthEnabled: false,
      basicAuthUser: '',
      jsonData: Buffer.from('{}'),
      decryptedSecureJsonData: {},
      lastUpdatedMS: 1000,
      uid: 'u',
      ...changes.settings,
    },
    grafanaConfig: { GF_APP_URL: 'x', ...changes.config },
  } satisfies WirePluginContext;
}

const use = (cache: InstanceCache, given: WirePluginContext | null, tenant = '') =>
  cache.withInstance(given, tenant, async (instance) => instance);

/** Starts a request and gives the function that ends it. */
function hold(cache: InstanceCache, given: WirePluginContext): { end: () => void; done: Promise<void> } {
  let end: () => void = noop;
  const done = cache.withInstance(given, '', () => new Promise<void>((resolve) => (end = resolve)));
  return { end: () => end(), done };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('InstanceCache', () => {
  // [Q4.3]
  it('builds one instance for requests that come at once, and keeps it', async () => {
    const { built, cache } = setUp(settle as () => Promise<void>);
    const [a, b] = await Promise.all([use(cache, context()), use(cache, context())]);
    expect([a === b, a === (await use(cache, context())), built.length]).toEqual([true, true, 1]);
  });

  // [P10]
  it.each([
    ['settings were saved', { settings: { lastUpdatedMS: 2000 } }],
    ['settings were saved again within the same second', { settings: { jsonData: Buffer.from('{"a":1}') } }],
    ['a secret changed', { settings: { decryptedSecureJsonData: { password: 'x' } } }],
    ["Grafana's configuration changed", { config: { GF_RESPONSE_LIMIT: '1' } }],
  ])('rebuilds when %s', async (_what, changes) => {
    const { built, cache } = setUp();
    await use(cache, context());
    await use(cache, context(changes));
    await settle();
    expect(built.map(({ disposed }) => disposed)).toEqual([true, false]);
  });

  // [Q4.3]
  it('does not rebuild when only the order of the entries differs', async () => {
    const { built, cache } = setUp();
    await use(cache, { ...context(), grafanaConfig: { a: '1', b: '2' } });
    await use(cache, { ...context(), grafanaConfig: { b: '2', a: '1' } });
    expect(built.length).toBe(1);
  });

  // [P10]
  it.each([
    ['organizations', context({ orgId: 2 }), ''],
    ['datasources', context({ settings: { uid: 'other' } }), ''],
    ['tenants', context(), 'tenant'],
  ])('shares nothing between %s', async (_what, other, tenant) => {
    const { built, cache } = setUp();
    const first = await use(cache, context());
    expect(await use(cache, other, tenant)).not.toBe(first);
    expect(await use(cache, context())).toBe(first);
    expect(built.length).toBe(2);
  });

  it('disposes of a replaced instance only when its last request has ended', async () => {
    const { built, cache } = setUp();
    const first = hold(cache, context());
    const second = hold(cache, context());
    await settle();
    await use(cache, context({ settings: { lastUpdatedMS: 2000 } }));
    first.end();
    await first.done;
    await settle();
    expect(built[0].disposed).toBe(false);
    second.end();
    await second.done;
    await settle();
    expect(built.map(({ disposed }) => disposed)).toEqual([true, false]);
  });

  it('tells every waiting request why the build failed, and builds again for the next', async () => {
    let broken = true;
    const { built, cache } = setUp(async () => {
      await settle();
      if (broken) {
        throw new PromkeepError('SETTINGS_INVALID', 'No URL is set');
      }
    });
    const failures = await Promise.allSettled([use(cache, context()), use(cache, context())]);
    expect(failures.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(
      Array(2).fill('PromkeepError: No URL is set')
    );
    expect(built.length).toBe(1);
    broken = false;
    await use(cache, context());
    expect(built.length).toBe(2);
  });

  it('waits at the end for running requests, and takes no more', async () => {
    const { built, cache } = setUp();
    const running = hold(cache, context());
    await settle();
    let closed = false;
    const closing = cache.close().then(() => (closed = true));
    await settle();
    expect(closed).toBe(false);
    await expect(use(cache, context())).rejects.toThrow('The plugin is stopping');
    running.end();
    await closing;
    expect(built.map(({ disposed }) => disposed)).toEqual([true]);
  });

  it('refuses a request that names no datasource', async () => {
    await expect(use(setUp().cache, null)).rejects.toThrow('The request names no datasource');
  });
});
