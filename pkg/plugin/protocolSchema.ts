/**
 * Grafana's plugin protocol v2 and go-plugin's own services, as protobuf descriptors. The tables are code, not a `.proto`
 * file, because a single executable file has no files to read at run time. Fields and numbers are wire facts; what Promkeep
 * has no use for is left out, and protobuf skips it.
 */
interface FieldDescriptor {
  id: number;
  type: string;
  rule?: 'repeated';
  keyType?: string;
}

type Field = Omit<FieldDescriptor, 'id'>;

const text: Field = { type: 'string' };
const bytes: Field = { type: 'bytes' };
const int32: Field = { type: 'int32' };
const int64: Field = { type: 'int64' };
const bool: Field = { type: 'bool' };
const context: Field = { type: 'PluginContext' };

const one = (type: string): Field => ({ type });
const many = (type: string): Field => ({ type, rule: 'repeated' });
const map = (type: string): Field => ({ keyType: 'string', type });

/** A message from its fields in the order of their numbers; `null` is a number that is skipped. */
function message(...fields: Array<[name: string, field: Field] | null>): { fields: Record<string, FieldDescriptor> } {
  const entries = fields.flatMap((field, i) => (field ? [[field[0], { ...field[1], id: i + 1 }] as const] : []));
  return { fields: Object.fromEntries(entries) };
}

function method(requestType: string, responseType: string, streams: { request?: boolean; response?: boolean } = {}) {
  return { requestType, responseType, requestStream: streams.request, responseStream: streams.response };
}

function inPackage(nested: Record<string, object>): { nested: Record<string, object> } {
  return { nested };
}

const settings = {
  User: message(['login', text], ['name', text], ['email', text], ['role', text]),
  DataSourceInstanceSettings: message(
    ['id', int64],
    ['name', text],
    ['url', text],
    ['user', text],
    ['database', text],
    ['basicAuthEnabled', bool],
    ['basicAuthUser', text],
    ['jsonData', bytes],
    ['decryptedSecureJsonData', map('string')],
    ['lastUpdatedMS', int64],
    ['uid', text]
  ),
  PluginContext: message(
    ['orgId', int64],
    ['pluginId', text],
    ['user', one('User')],
    null,
    ['dataSourceInstanceSettings', one('DataSourceInstanceSettings')],
    ['grafanaConfig', map('string')]
  ),
  StringList: message(['values', many('string')]),
};

const data = {
  TimeRange: message(['fromEpochMS', int64], ['toEpochMS', int64]),
  DataQuery: message(
    ['refId', text],
    ['maxDataPoints', int64],
    ['intervalMS', int64],
    ['timeRange', one('TimeRange')],
    ['json', bytes],
    ['queryType', text]
  ),
  QueryDataRequest: message(['pluginContext', context], ['headers', map('string')], ['queries', many('DataQuery')]),
  DataResponse: message(
    ['frames', many('bytes')],
    ['error', text],
    ['jsonMeta', bytes],
    ['status', int32],
    ['errorSource', text]
  ),
  QueryDataResponse: message(['responses', map('DataResponse')]),
  QueryChunkedDataResponse: message(
    ['refId', text],
    ['frameId', text],
    ['frame', bytes],
    ['error', text],
    ['status', int32],
    ['errorSource', text]
  ),
  Data: {
    methods: {
      QueryData: method('QueryDataRequest', 'QueryDataResponse'),
      QueryChunkedData: method('QueryDataRequest', 'QueryChunkedDataResponse', { response: true }),
    },
  },
};

const resource = {
  CallResourceRequest: message(
    ['pluginContext', context],
    ['path', text],
    ['method', text],
    ['url', text],
    ['headers', map('StringList')],
    ['body', bytes]
  ),
  CallResourceResponse: message(['code', int32], ['headers', map('StringList')], ['body', bytes]),
  Resource: {
    methods: { CallResource: method('CallResourceRequest', 'CallResourceResponse', { response: true }) },
  },
};

const diagnostics = {
  CheckHealthRequest: message(['pluginContext', context], ['headers', map('string')]),
  CheckHealthResponse: message(['status', int32], ['message', text], ['jsonDetails', bytes]),
  CollectMetricsRequest: message(['pluginContext', context]),
  MetricsPayload: message(['prometheus', bytes]),
  CollectMetricsResponse: message(['metrics', one('MetricsPayload')]),
  Diagnostics: {
    methods: {
      CheckHealth: method('CheckHealthRequest', 'CheckHealthResponse'),
      CollectMetrics: method('CollectMetricsRequest', 'CollectMetricsResponse'),
    },
  },
};

const stream = {
  StreamRequest: message(['pluginContext', context], ['path', text], ['data', bytes], ['headers', map('string')]),
  StreamStatus: message(['status', int32], ['data', bytes]),
  StreamPacket: message(['data', bytes]),
  Stream: {
    methods: {
      SubscribeStream: method('StreamRequest', 'StreamStatus'),
      PublishStream: method('StreamRequest', 'StreamStatus'),
      RunStream: method('StreamRequest', 'StreamPacket', { response: true }),
    },
  },
};

/** go-plugin's own services. */
const goPlugin = {
  Empty: message(),
  ConnInfo: message(['serviceId', one('uint32')], ['network', text], ['address', text]),
  StdioData: message(['channel', int32], ['data', bytes]),
  GRPCController: { methods: { Shutdown: method('Empty', 'Empty') } },
  GRPCBroker: { methods: { StartStream: method('ConnInfo', 'ConnInfo', { request: true, response: true }) } },
  GRPCStdio: { methods: { StreamStdio: method('Empty', 'StdioData', { response: true }) } },
};

const health = {
  HealthCheckRequest: message(['service', text]),
  HealthCheckResponse: message(['status', int32]),
  Health: {
    methods: {
      Check: method('HealthCheckRequest', 'HealthCheckResponse'),
      Watch: method('HealthCheckRequest', 'HealthCheckResponse', { response: true }),
    },
  },
};

/** What a failed call carries in its trailer to say who is to blame. */
const rpc = {
  Any: message(['type_url', text], ['value', bytes]),
  Status: message(['code', int32], ['message', text], ['details', many('Any')]),
  ErrorInfo: message(['reason', text], ['domain', text], ['metadata', map('string')]),
};

/** All packages, for `@grpc/proto-loader`. */
export const PROTOCOL_SCHEMA = inPackage({
  pluginv2: inPackage({ ...settings, ...data, ...resource, ...diagnostics, ...stream }),
  plugin: inPackage(goPlugin),
  grpc: inPackage({ health: inPackage({ v1: inPackage(health) }) }),
  google: inPackage({ rpc: inPackage(rpc) }),
});
