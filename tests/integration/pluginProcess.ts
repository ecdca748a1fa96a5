import { Client, credentials, Metadata } from '@grpc/grpc-js';
import os from 'node:os';
import path from 'node:path';
import { loadProtocol } from '../../pkg/plugin/protocol';
import { type ManagedProcess, startProcess } from '../../scripts/stack/managedProcess';
import { until } from './promkeepProgram';

const root = path.resolve(__dirname, '../..');
const protocol = loadProtocol();

export interface PluginUser {
  login: string;
  role: string;
}

/** A datasource as Grafana would hand it over. */
export interface PluginDatasource {
  uid: string;
  orgId?: number;
  url: string;
  jsonData: Record<string, unknown>;
  secrets?: Record<string, string>;
}

export interface ResourceAnswer {
  status: number;
  body: unknown;
}

export const ADMIN: PluginUser = { login: 'adam', role: 'Admin' };
export const EDITOR: PluginUser = { login: 'eva', role: 'Editor' };
export const VIEWER: PluginUser = { login: 'vera', role: 'Viewer' };

/** What the process is started in. */
export interface PluginSurroundings {
  /** Goes before its command. */
  prefix?: readonly string[];
  /** Arguments of Node. */
  node?: readonly string[];
  environment?: Readonly<Record<string, string>>;
}

/** `PROMKEEP_PROGRAM` runs a built `promkeep.js` instead of the sources. */
const PROGRAM = process.env.PROMKEEP_PROGRAM
  ? [process.env.PROMKEEP_PROGRAM]
  : ['--import', 'tsx', path.join(root, 'pkg/main.ts')];

interface UnaryMethod {
  method: string;
  requestSerialize(message: object): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

/** The plugin as its own process, from the sources, and a client on its socket that speaks as Grafana does. */
export class PluginProcess {
  private constructor(
    readonly process: ManagedProcess,
    readonly socketPath: string,
    private readonly client: Client
  ) {}

  static async start({ prefix = [], node = [], environment = {} }: PluginSurroundings = {}): Promise<PluginProcess> {
    const [command, ...args] = [...prefix, process.execPath, ...node, ...PROGRAM];
    const plugin = await startProcess({
      name: 'plugin',
      command,
      args,
      cwd: root,
      // Grafana hands over nothing of its own environment; PATH and HOME are for tsx.
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        TMPDIR: os.tmpdir(),
        grafana_plugin_type: 'datasource',
        PLUGIN_PROTOCOL_VERSIONS: '2',
        ...environment,
      },
    });
    const socket = await until('the plugin shakes hands', async () =>
      /1\|2\|unix\|([^|\s]+)\|grpc\|/.exec(plugin.output())?.at(1)
    );
    return new PluginProcess(
      plugin,
      socket,
      new Client(`unix:${socket}`, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 })
    );
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    this.client.close();
    await this.process.stop(signal);
  }

  /** What Grafana shows at `/metrics/plugins/<id>`. */
  async metrics(): Promise<string> {
    const { path: method, ...codec } = protocol.service('pluginv2.Diagnostics').CollectMetrics;
    const request = { pluginContext: { pluginId: 'promkeep-prometheus-datasource' } };
    const { metrics } = await this.unary<{ metrics: { prometheus: Buffer } }>({ method, ...codec }, request);
    return metrics.prometheus.toString('utf8');
  }

  /** @param user absent: a call Grafana makes by itself */
  async resource(
    datasource: PluginDatasource,
    user: PluginUser | undefined,
    [method, resource]: [string, string],
    body: unknown = undefined,
    headers: Record<string, string> = {}
  ): Promise<ResourceAnswer> {
    const request = {
      pluginContext: contextOf(datasource, user),
      path: resource,
      url: resource,
      method,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { values: [value] }])),
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    };
    const messages = await this.callStream<{ code: number; body: Buffer }>(
      'pluginv2.Resource',
      'CallResource',
      request
    );
    const text = Buffer.concat(messages.map((message) => message.body)).toString('utf8');
    return { status: messages[0].code, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** The answer to one query by its refId. */
  async query(
    datasource: PluginDatasource,
    user: PluginUser | undefined,
    json: Record<string, unknown>,
    headers: Record<string, string> = {}
  ): Promise<{ error: string; status: number; frames: Buffer[] }> {
    const { path: method, ...codec } = protocol.service('pluginv2.Data').QueryData;
    const request = queryRequest(datasource, user, json, headers);
    const answer = await this.unary<{
      responses: Record<string, { error: string; status: number; frames: Buffer[] }>;
    }>({ method, ...codec }, request);
    return answer.responses.A;
  }

  /** Any unary call, with a request of the test's own making. */
  call<T>(service: string, name: string, request: object): Promise<T> {
    const { path: method, ...codec } = protocol.service(service)[name];
    return this.unary<T>({ method, ...codec }, request);
  }

  /** All messages of any streamed call; after `enough` of them the caller hangs up. */
  callStream<T>(service: string, name: string, request: object, enough = Infinity): Promise<T[]> {
    const { path: method, requestSerialize, responseDeserialize } = protocol.service(service)[name];
    const decode = (bytes: Buffer): T => responseDeserialize(bytes) as T;
    const call = this.client.makeServerStreamRequest(method, requestSerialize, decode, request);
    const messages: T[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (message: T) => {
        if (messages.push(message) >= enough) {
          resolve(messages);
          call.cancel();
        }
      });
      call.on('error', reject);
      call.on('end', () => resolve(messages));
    });
  }

  /** A streamed call that is left open. @returns what ends it */
  openStream(service: string, name: string, request: object): () => void {
    const { path: method, requestSerialize, responseDeserialize } = protocol.service(service)[name];
    const call = this.client.makeServerStreamRequest(method, requestSerialize, responseDeserialize, request);
    call.on('error', () => undefined).on('data', () => undefined);
    return () => call.cancel();
  }

  private unary<T>({ method, requestSerialize, responseDeserialize }: UnaryMethod, request: object): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.client.makeUnaryRequest(
        method,
        requestSerialize,
        (bytes) => responseDeserialize(bytes) as T,
        request,
        new Metadata(),
        (error, response) => (error || !response ? reject(error ?? new Error('no answer')) : resolve(response))
      );
    });
  }
}

/** One query with the refId A. */
export function queryRequest(
  datasource: PluginDatasource,
  user: PluginUser | undefined,
  json: Record<string, unknown>,
  headers: Record<string, string> = {}
): object {
  const nowMs = Date.now();
  const range = { fromEpochMS: nowMs - 60_000, toEpochMS: nowMs };
  const query = { refId: 'A', maxDataPoints: 60, intervalMS: 1_000, timeRange: range, queryType: '' };
  return {
    pluginContext: contextOf(datasource, user),
    headers,
    queries: [{ ...query, json: Buffer.from(JSON.stringify({ refId: 'A', ...json })) }],
  };
}

export function resourceRequest(
  datasource: PluginDatasource,
  user: PluginUser | undefined,
  [method, resource]: [string, string]
): object {
  return { pluginContext: contextOf(datasource, user), path: resource, url: resource, method };
}

/** What Grafana says about a datasource and whoever asks it. */
export function contextOf(
  { uid, orgId = 1, url, jsonData, secrets = {} }: PluginDatasource,
  user: PluginUser | undefined
) {
  return {
    orgId,
    pluginId: 'promkeep-prometheus-datasource',
    ...(user ? { user } : {}),
    dataSourceInstanceSettings: {
      id: 1,
      name: uid,
      url,
      jsonData: Buffer.from(JSON.stringify(jsonData)),
      decryptedSecureJsonData: secrets,
      lastUpdatedMS: 1_700_000_000_000,
      uid,
    },
    grafanaConfig: { GF_APP_URL: 'http://localhost:3000/' },
  };
}

/** The archive section of a datasource's settings for a database. */
export function archiveJson(databaseUrl: string): {
  jsonData: Record<string, unknown>;
  secrets: Record<string, string>;
} {
  const { hostname, port, pathname, username, password } = new URL(databaseUrl);
  return {
    jsonData: {
      archiveEnabled: true,
      archiveHost: `${hostname}:${port}`,
      archiveDatabase: pathname.slice(1),
      archiveUser: decodeURIComponent(username),
    },
    secrets: { archivePassword: decodeURIComponent(password) },
  };
}
