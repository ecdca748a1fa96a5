import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { EventEmitter, once } from 'node:events';
import os from 'node:os';
import {
  type DatasourceInstance,
  type DatasourceSettings,
  type DataResponse,
  type StreamDecision,
  type StreamRequest,
} from '../../pkg/core/ports/datasource';
import { type Logger } from '../../pkg/core/ports/logger';
import { ampleMemory } from './ampleMemory';
import { loadProtocol } from '../../pkg/plugin/protocol';
import { type PluginOptions, type RunningPlugin, servePlugin } from '../../pkg/plugin/servePlugin';

type QueryDataCall = Parameters<DatasourceInstance['queryData']>;
type ResourceCall = Parameters<DatasourceInstance['callResource']>;
type OpenStreamCall = Parameters<DatasourceInstance['openStream']>;

/** A datasource whose answers the test sets; it keeps what it was asked. */
export class ScriptedInstance implements DatasourceInstance {
  disposed = false;
  readonly asked: Array<QueryDataCall[0]> = [];
  readonly resources: ResourceCall[] = [];
  answer: (signal: AbortSignal) => Promise<Map<string, DataResponse>> = async () => new Map();
  resourceBody: Uint8Array = Buffer.from('ok');
  readonly streams: StreamRequest[] = [];
  decision: StreamDecision = { kind: 'unknown' };
  feed: (emit: OpenStreamCall[1], signal: AbortSignal) => Promise<void> = async () => undefined;

  queryData(request: QueryDataCall[0], signal: AbortSignal): Promise<Map<string, DataResponse>> {
    this.asked.push(request);
    return this.answer(signal);
  }
  async checkHealth() {
    return { status: 'ok' as const, message: 'fine', details: { application: 'Prometheus' } };
  }
  async callResource(...call: ResourceCall) {
    this.resources.push(call);
    return { status: 203, headers: { 'content-type': 'text/plain' }, body: this.resourceBody };
  }
  async decideStream(request: StreamRequest): Promise<StreamDecision> {
    this.streams.push(request);
    return this.decision;
  }
  openStream(...[request, emit, signal]: OpenStreamCall): Promise<void> {
    this.streams.push(request);
    return this.feed(emit, signal);
  }
  async dispose(): Promise<void> {
    this.disposed = true;
  }
}

export interface QueryAnswers {
  responses: Record<string, { frames: Buffer[]; error: string; status: number; errorSource: string }>;
}

const protocol = loadProtocol();
const silent: Logger = { debug: doNothing, info: doNothing, warn: doNothing, error: doNothing };

function doNothing(): void {}

/** The plugin's server with everything around it that Grafana would be, and a client on its real socket. */
export class PluginRig {
  readonly instance = new ScriptedInstance();
  readonly settings: DatasourceSettings[] = [];
  readonly events = new EventEmitter();
  readonly pipe = new EventEmitter();
  readonly lines: string[] = [];
  readonly exits: number[] = [];
  parentPid = 42;
  factory: PluginOptions['factory'] = async (given) => {
    this.settings.push(given);
    return this.instance;
  };
  metricsText = async (): Promise<string> => 'promkeep_up 1\n';

  private running: RunningPlugin | undefined;
  private client: Client | undefined;

  get plugin(): RunningPlugin {
    if (!this.running) {
      throw new Error('The plugin is not started');
    }
    return this.running;
  }

  options(host: Partial<PluginOptions['host']> = {}): PluginOptions {
    return {
      factory: (given) => this.factory(given),
      logger: silent,
      budget: ampleMemory(),
      metricsText: () => this.metricsText(),
      host: {
        magicCookie: 'datasource',
        protocolVersions: '2',
        socketDir: undefined,
        multiplex: undefined,
        clientCert: undefined,
        ...host,
      },
      tmpDir: os.tmpdir(),
      events: this.events,
      pipes: [this.pipe],
      parentPid: () => this.parentPid,
      writeHandshake: (line) => this.lines.push(line),
      exit: (code) => this.exits.push(code),
    };
  }

  async start(): Promise<void> {
    this.running = await servePlugin(this.options());
    this.client = new Client(`unix:${this.running.socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
  }

  async stop(): Promise<void> {
    this.client?.close();
    await this.running?.stop(0);
  }

  /** Calls a unary method as Grafana would. */
  call<T>(service: string, name: string, request: object, onCall?: (cancel: () => void) => void): Promise<T> {
    const { path, requestSerialize, responseDeserialize } = protocol.service(service)[name];
    return new Promise((resolve, reject) => {
      const running = this.client?.makeUnaryRequest(
        path,
        requestSerialize,
        (bytes) => responseDeserialize(bytes) as T,
        request,
        new Metadata(),
        (error, response) => (error ? reject(error) : resolve(response as T))
      );
      onCall?.(() => running?.cancel());
    });
  }

  /** All messages of a streamed answer; `onMessage` may cancel it or stop reading for a while. */
  async stream<T>(
    service: string,
    name: string,
    request: object,
    onMessage: (messages: T[], call: { cancel(): void; pause(): void; resume(): void }) => void = doNothing
  ): Promise<T[]> {
    const { path, requestSerialize, responseDeserialize } = protocol.service(service)[name];
    const messages: T[] = [];
    const running = this.client?.makeServerStreamRequest(
      path,
      requestSerialize,
      (bytes) => responseDeserialize(bytes) as T,
      request
    );
    if (running) {
      running.on('data', (message: T) => {
        messages.push(message);
        onMessage(messages, running);
      });
      await once(running, 'end');
    }
    return messages;
  }

  /** @param changes of the datasource's settings */
  queryData(queries: object[], changes: object = {}, onCall?: (cancel: () => void) => void): Promise<QueryAnswers> {
    const request = { pluginContext: pluginContext(changes), headers: {}, queries };
    return this.call('pluginv2.Data', 'QueryData', request, onCall);
  }
}

/** @param changes of the datasource's settings */
export function pluginContext(changes: object = {}): object {
  return {
    orgId: 1,
    pluginId: 'promkeep-prometheus-datasource',
    user: { login: 'ada', role: 'Editor' },
    dataSourceInstanceSettings: {
      id: 7,
      name: 'Prom',
      url: 'http://127.0.0.1:9090',
      jsonData: Buffer.from('{"httpMethod":"POST"}'),
      decryptedSecureJsonData: { basicAuthPassword: 'secret' },
      lastUpdatedMS: 1_700_000_000_000,
      uid: 'uid1',
      ...changes,
    },
    grafanaConfig: { GF_APP_URL: 'http://localhost:3000/' },
  };
}

export function wireQuery(refId: string, json = '{"expr":"up"}'): object {
  return {
    refId,
    maxDataPoints: 1000,
    intervalMS: 15_000,
    timeRange: { fromEpochMS: 1_700_000_000_000, toEpochMS: 1_700_003_600_000 },
    json: Buffer.from(json),
    queryType: 'promql',
  };
}

export function oneValue(value: number): DataResponse {
  return { status: 200, frames: [{ fields: [{ type: 'number', name: 'Value', values: Float64Array.of(value) }] }] };
}

export function pause(limitMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, limitMs));
}
