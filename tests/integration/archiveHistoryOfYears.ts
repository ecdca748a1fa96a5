import { type Client } from 'pg';
import { type Archive } from '../../pkg/core/ports/archive';
import {
  type ResourceAnswer,
  EDITOR,
  archiveJson,
  type PluginDatasource,
  type PluginProcess,
  type PluginUser,
} from './pluginProcess';
import { RECORDED_QUERIES_RESOURCE } from '../../src/contract/resourcePaths';
import { type TestServer } from './archiveServers';
import { live } from '../contracts/underTest';
import { writing } from './archiveWrites';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** What an Editor records, once an hour. */
export const POWER = { name: 'power', expression: 'prometheus_build_info', stepMs: HOUR_MS, retention: 'forever' };

/** A recorded query with two years of history, in a database of its own, and what attackers and defenders do to it. */
export class HistoryOfYears {
  private constructor(
    private readonly test: TestServer,
    readonly url: string,
    readonly archive: Archive,
    readonly client: Client,
    private readonly plugin: PluginProcess,
    readonly datasource: PluginDatasource
  ) {}

  static async make(test: TestServer, plugin: PluginProcess, prometheusUrl: string): Promise<HistoryOfYears> {
    const url = await test.freshDatabase();
    const { jsonData, secrets } = archiveJson(url);
    const datasource = {
      uid: url,
      url: prometheusUrl,
      secrets,
      jsonData: { ...jsonData, archiveAllowRecording: true },
    };
    const archive = test.archive(url);
    const history = new HistoryOfYears(test, url, archive, await test.client(url), plugin, datasource);
    await history.must('', POWER);
    const lastMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;
    await history.write(POWER.name, lastMs - 2 * 365 * DAY_MS, lastMs);
    return history;
  }

  /** Hourly samples of a recorded query, covered. */
  async write(name: string, fromMs: number, toMs: number): Promise<void> {
    const timesMs = Float64Array.from({ length: (toMs - fromMs) / HOUR_MS + 1 }, (_, i) => fromMs + i * HOUR_MS);
    const range = { fromMs, toMs };
    const provenance = { expression: POWER.expression, stepMs: HOUR_MS, fetchedAtMs: Date.now(), warnings: [] };
    const query = { kind: 'recorded', name } as const;
    const series = { labels: { __name__: name }, timesMs, values: timesMs.map((_, i) => i) };
    await this.archive.samples.writeRange(
      writing([series], { query, range, covered: [range], provenance, retention: 'forever' }),
      live()
    );
  }

  /** One sample of a result that is kept in the archive. */
  async keep(
    query: { expression: string; stepMs: number; phaseMs: number },
    retention: string,
    atMs: number
  ): Promise<void> {
    const timeMs = Math.floor(atMs / query.stepMs) * query.stepMs;
    const series = { labels: {}, timesMs: Float64Array.of(timeMs), values: Float64Array.of(1) };
    const range = { fromMs: timeMs, toMs: timeMs };
    const provenance = { expression: query.expression, stepMs: query.stepMs, fetchedAtMs: Date.now(), warnings: [] };
    const write = writing([series], { query: { kind: 'kept', ...query }, range, provenance, retention });
    await this.archive.samples.writeRange(write, live());
  }

  /** Samples that are older than a month. */
  async old(name = POWER.name): Promise<number> {
    const { rows } = await this.client.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM metrics_data WHERE query = $1 AND timestamp < now() - interval '30 days'`,
      [name]
    );
    return rows[0].n;
  }

  /** Some hours of upkeep. */
  async upkeep(): Promise<void> {
    const jobs = this.test.jobs(this.url, Date.now());
    for (let hour = 0; hour < 2; hour++) {
      await jobs.packClosed(live());
      await jobs.rollUp(live());
      await jobs.expire(live());
      await jobs.removeDeleted(live());
    }
  }

  post(action: string, body: unknown, user: PluginUser = EDITOR, from = this.datasource): Promise<ResourceAnswer> {
    return this.plugin.resource(from, user, ['POST', `${RECORDED_QUERIES_RESOURCE}${action}`], body);
  }

  /** The body of an answer that is no refusal. */
  async must(action: string, body: unknown, user: PluginUser = EDITOR, from = this.datasource): Promise<unknown> {
    const answer = await this.post(action, body, user, from);
    expect(answer).toMatchObject({ status: 200 });
    return answer.body;
  }

  async list(
    from = this.datasource
  ): Promise<Record<string, unknown> & { queries: Array<{ name: string; revision: number }> }> {
    const answer = await this.plugin.resource(from, EDITOR, ['GET', RECORDED_QUERIES_RESOURCE]);
    expect(answer.status).toBe(200);
    return answer.body as Awaited<ReturnType<HistoryOfYears['list']>>;
  }

  async revision(name = POWER.name, from = this.datasource): Promise<number> {
    return (await this.list(from)).queries.find((query) => query.name === name)?.revision ?? 0;
  }

  async shorten(retention: string, user = EDITOR, from = this.datasource): Promise<unknown> {
    return this.must('/update', { ...POWER, retention, revision: await this.revision(POWER.name, from) }, user, from);
  }

  /** Lines of the audit: who did what. */
  async audit(): Promise<string[]> {
    const { rows } = await this.client.query<{ line: string }>(
      `SELECT concat_ws(' ', org_id, actor, action, what, query, before, wanted) AS line FROM promkeep_audit ORDER BY audit_id`
    );
    return rows.map(({ line }) => line);
  }
}
