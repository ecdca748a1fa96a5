import { createDatasourceFactory } from '../../pkg/compose/datasource';
import { createMemoryBudget } from '../../pkg/compose/memory';
import { type DataResponse, type DatasourceInstance } from '../../pkg/core/ports/datasource';
import { createProcessMetrics } from '../../pkg/metrics/programMetrics';
import { MemoryLogger } from '../fakes/callers';

export interface ArchiveDatasourceOptions {
  prometheusUrl: string;
  postgresUrl: string;
  /** The scrape interval as Grafana knows it. */
  timeInterval: string;
  orgId?: number;
  /** Where the datasource's clock stands; absent: it goes. */
  nowMs?: number;
  jsonData?: Record<string, unknown>;
}

/** The datasource as the plugin composes it, with its archive in `postgresUrl`. */
export async function archiveDatasource(options: ArchiveDatasourceOptions): Promise<DatasourceInstance> {
  const { prometheusUrl, postgresUrl, timeInterval, orgId = 1, nowMs, jsonData } = options;
  const url = new URL(postgresUrl);
  const parts = {
    logger: new MemoryLogger(),
    clock: { nowMs: () => nowMs ?? Date.now() },
    proxies: {},
    holder: `test-${orgId}`,
    budget: createMemoryBudget(),
    metrics: createProcessMetrics('test', createMemoryBudget()).archive,
  };
  return createDatasourceFactory(parts)({
    uid: `u${orgId}`,
    name: 'n',
    orgId,
    url: prometheusUrl,
    user: '',
    basicAuthEnabled: false,
    basicAuthUser: '',
    jsonData: {
      httpMethod: 'POST',
      timeInterval,
      archiveEnabled: true,
      archiveHost: url.host,
      archiveDatabase: url.pathname.slice(1),
      archiveUser: url.username,
      ...jsonData,
    },
    secrets: { archivePassword: decodeURIComponent(url.password) },
    grafanaConfig: {},
  });
}

/** What must not depend on where samples come from; what does is the origin and the notices. */
export function plainOf({ frames, ...rest }: DataResponse): unknown {
  return {
    ...rest,
    frames: frames.map(({ meta, ...frame }) => ({
      ...frame,
      type: meta?.type,
      typeVersion: meta?.typeVersion,
      executed: meta?.executedQueryString,
      calculatedMinStep: meta?.custom?.calculatedMinStep,
      resultType: meta?.custom?.resultType,
    })),
  };
}

export function noticesOf({ frames }: DataResponse): string[] {
  return frames.flatMap(({ meta }) => meta?.notices ?? []).map(({ text }) => text);
}

export function originOf({ frames }: DataResponse): Record<string, number> {
  const promkeep = frames[0]?.meta?.custom?.promkeep;
  return typeof promkeep === 'object' && promkeep !== null && 'readFrom' in promkeep ? Object(promkeep.readFrom) : {};
}
