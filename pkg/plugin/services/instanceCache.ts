import { isDeepStrictEqual } from 'node:util';
import { type DatasourceFactory, type DatasourceInstance } from '../../core/ports/datasource';
import { asPromkeepError, PromkeepError } from '../../core/model/errors';
import { type Logger } from '../../core/ports/logger';
import { type DatasourceContext, requireDatasource, toDatasourceSettings } from './pluginContext';
import { type WirePluginContext } from './wireMessages';

const SOCKS_CLIENT_KEY = 'GF_SECURE_SOCKS_DATASOURCE_PROXY_CLIENT_KEY_VAL';

interface Entry {
  /** What the instance was built from. */
  context: DatasourceContext;
  instance: Promise<DatasourceInstance>;
  /** Requests that use the instance. */
  running: number;
  retired: boolean;
}

/**
 * One instance per datasource. Grafana sends the settings with every call and announces no change, so every call compares.
 * A changed datasource gets a new instance at once; the old one is disposed of when its last request has ended.
 */
export class InstanceCache {
  private readonly entries = new Map<string, Entry>();
  /** Entries whose instance is not disposed of yet, also those that no longer serve new requests. */
  private readonly alive = new Set<Entry>();
  private closed = false;
  private onEmpty: () => void = () => undefined;

  constructor(
    private readonly factory: DatasourceFactory,
    private readonly logger: Logger
  ) {}

  /**
   * Runs `use` with the datasource's instance, which is not disposed of meanwhile. Throws `PromkeepError` when the instance
   * cannot be built; the next request tries again.
   *
   * @param tenant of Grafana's hosted form; empty otherwise
   */
  async withInstance<T>(
    context: WirePluginContext | null,
    tenant: string,
    use: (instance: DatasourceInstance) => Promise<T>
  ): Promise<T> {
    const entry = this.acquire(requireDatasource(context), tenant);
    try {
      return await use(await entry.instance);
    } finally {
      entry.running--;
      this.disposeWhenUnused(entry);
    }
  }

  /** Retires every instance and resolves when all of them, also those in use, are free and disposed of. */
  async close(): Promise<void> {
    this.closed = true;
    const empty = new Promise<void>((resolve) => (this.onEmpty = resolve));
    for (const key of [...this.entries.keys()]) {
      this.retire(key);
    }
    if (this.alive.size > 0) {
      await empty;
    }
  }

  private acquire(context: DatasourceContext, tenant: string): Entry {
    if (this.closed) {
      throw new PromkeepError('QUERY_CANCELLED', 'The plugin is stopping');
    }
    const key = keyOf(context, tenant);
    let entry = this.entries.get(key);
    // Everything an instance is built from. `lastUpdatedMS` alone has whole seconds, so a second edit within one second would go
    // unnoticed; comparing all of it takes a few microseconds a request.
    if (!entry || !isDeepStrictEqual(entry.context, context)) {
      this.retire(key);
      entry = this.build(key, context);
    }
    entry.running++;
    return entry;
  }

  /** Synchronous up to the entry in the map, so that two requests at once share one build. */
  private build(key: string, context: DatasourceContext): Entry {
    const create = async (): Promise<DatasourceInstance> => this.factory(toDatasourceSettings(context));
    const instance = create().catch((error: unknown) => {
      if (this.entries.get(key) === entry) {
        this.retire(key);
      }
      throw asPromkeepError(error);
    });
    const entry: Entry = { context, instance, running: 0, retired: false };
    this.entries.set(key, entry);
    this.alive.add(entry);
    return entry;
  }

  private retire(key: string): void {
    const entry = this.entries.get(key);
    if (entry) {
      this.entries.delete(key);
      entry.retired = true;
      this.disposeWhenUnused(entry);
    }
  }

  private disposeWhenUnused(entry: Entry): void {
    if (entry.retired && entry.running === 0) {
      void this.dispose(entry);
    }
  }

  private async dispose(entry: Entry): Promise<void> {
    // an instance that was never built has nothing to dispose of, and its requests have reported why
    const instance = await entry.instance.catch(() => undefined);
    try {
      await instance?.dispose();
    } catch (error) {
      this.logger.warn('A datasource instance was not closed cleanly', { reason: asPromkeepError(error).message });
    }
    this.alive.delete(entry);
    if (this.alive.size === 0) {
      this.onEmpty();
    }
  }
}

/** The last characters of the proxy's client key tell apart connections that must not be shared. */
function keyOf({ orgId, settings, grafanaConfig }: DatasourceContext, tenant: string): string {
  const clientKey = (grafanaConfig[SOCKS_CLIENT_KEY] ?? '').replace(/-----[^-]*-----|[\s=]/g, '');
  return JSON.stringify([orgId, settings.uid, settings.uid ? 0 : settings.id, tenant, clientKey.slice(-4)]);
}
