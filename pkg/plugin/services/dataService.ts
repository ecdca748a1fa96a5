import { type DataQuery, type DataResponse } from '../../core/ports/datasource';
import { asPromkeepError, PromkeepError } from '../../core/model/errors';
import { parseJson } from '../../core/model/parseJson';
import { type Logger } from '../../core/ports/logger';
import { ArrowEncoder } from '../arrow/arrowFile';
import { encodeFrames } from '../arrow/encodeFrames';
import { type ServiceHandlers } from '../grpc/rpcHandler';
import { type InstanceCache } from './instanceCache';
import { grafanaCaller } from './pluginContext';
import { type CallInfo, describeFailure, type RpcCalls } from './rpcCalls';
import {
  type WireDataQuery,
  type WireDataResponse,
  type WirePluginContext,
  type WireQueryChunk,
  type WireQueryDataRequest,
  type WireQueryDataResponse,
} from './wireMessages';

const STATUS_OK = 200;

/** `pluginv2.Data`: queries in, Arrow out. What fails is an entry of the answer, so that its siblings still render. */
export class DataService {
  constructor(
    private readonly instances: InstanceCache,
    private readonly logger: Logger
  ) {}

  implementation(calls: RpcCalls): ServiceHandlers {
    return {
      QueryData: calls.unary<WireQueryDataRequest, WireQueryDataResponse>((request, info) =>
        this.queryData(request, info)
      ),
      QueryChunkedData: calls.streaming<WireQueryDataRequest, WireQueryChunk>((request, send, info) =>
        this.queryChunkedData(request, send, info)
      ),
    };
  }

  private async queryData(request: WireQueryDataRequest, info: CallInfo): Promise<WireQueryDataResponse> {
    const answers = await this.answer(request, info);
    const responses: Array<[string, WireDataResponse]> = [];
    for (const [refId, answer] of answers) {
      responses.push([refId, await this.encode(refId, answer, request)]);
    }
    return { responses: Object.fromEntries(responses) };
  }

  /** One message a frame. An error needs a frame as well: Grafana 12.4 decodes it before it looks at the error. */
  private async queryChunkedData(
    request: WireQueryDataRequest,
    send: (chunk: WireQueryChunk) => Promise<void>,
    info: CallInfo
  ): Promise<void> {
    for (const [refId, answer] of await this.answer(request, info)) {
      const { frames, ...outcome } = await this.encode(refId, answer, request);
      for (const [i, frame] of frames.entries()) {
        await send({ refId, frameId: `${refId}-${i}`, frame, status: STATUS_OK });
      }
      if (outcome.error) {
        const frame = new ArrowEncoder().encode({ fields: [] }, refId);
        await send({ refId, frameId: `${refId}-error`, frame, ...outcome });
      }
    }
  }

  /** An entry for every refId asked, in the order asked. */
  private async answer(request: WireQueryDataRequest, info: CallInfo): Promise<Map<string, DataResponse>> {
    const parsed = request.queries.map(parseQuery);
    const queries = parsed.filter((query): query is DataQuery => !(query instanceof PromkeepError));
    const found = await this.ask(request, queries, info);
    return new Map(
      request.queries.map(({ refId }, i) => {
        const query = parsed[i];
        return [refId, query instanceof PromkeepError ? failed(query) : answerIn(found, refId)];
      })
    );
  }

  private async ask(
    request: WireQueryDataRequest,
    queries: DataQuery[],
    info: CallInfo
  ): Promise<Map<string, DataResponse>> {
    try {
      const caller = { ...grafanaCaller(request), memory: info.memory };
      return await this.instances.withInstance(request.pluginContext, info.tenant, (instance) =>
        instance.queryData({ caller, queries }, info.signal)
      );
    } catch (thrown) {
      const error = this.note(thrown, request.pluginContext);
      return new Map(queries.map(({ refId }) => [refId, failed(error)]));
    }
  }

  private async encode(refId: string, answer: DataResponse, request: WireQueryDataRequest): Promise<WireDataResponse> {
    try {
      return {
        frames: await encodeFrames(answer.frames, refId),
        status: toStatus(answer),
        ...(answer.error && { error: answer.error, errorSource: answer.errorSource ?? 'plugin' }),
      };
    } catch (thrown) {
      return { ...failed(this.note(thrown, request.pluginContext)), frames: [] };
    }
  }

  private note(thrown: unknown, context: WirePluginContext | null): PromkeepError {
    const error = asPromkeepError(thrown);
    if (error.source === 'plugin') {
      this.logger.error('A query failed', describeFailure(error, context));
    }
    return error;
  }
}

function parseQuery(wire: WireDataQuery): DataQuery | PromkeepError {
  const json = parseJson(wire.json.toString('utf8'));
  if (json === undefined) {
    return new PromkeepError('QUERY_INVALID', `Query ${wire.refId} is not valid JSON`);
  }
  return {
    refId: wire.refId,
    queryType: wire.queryType,
    maxDataPoints: wire.maxDataPoints,
    intervalMs: wire.intervalMS,
    range: { fromMs: wire.timeRange?.fromEpochMS ?? 0, toMs: wire.timeRange?.toEpochMS ?? 0 },
    json,
  };
}

/** The error is made only where it is needed: capturing its stack costs 60 µs. */
function answerIn(answers: Map<string, DataResponse>, refId: string): DataResponse {
  return answers.get(refId) ?? failed(new PromkeepError('INTERNAL', 'The query was not answered'));
}

function failed(error: PromkeepError): DataResponse {
  return { frames: [], status: error.status, error: error.message, errorSource: error.source };
}

/** Grafana turns a status outside 100…599 into 500, even of an answer without an error. */
function toStatus(answer: DataResponse): number {
  if (answer.status >= 100 && answer.status <= 599) {
    return Math.trunc(answer.status);
  }
  return answer.error ? 500 : STATUS_OK;
}
