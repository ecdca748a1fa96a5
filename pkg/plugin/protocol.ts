import { fromJSON, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { type MethodCodec } from './grpc/rpcHandler';
import { PROTOCOL_SCHEMA } from './protocolSchema';
import { type WireQueryDataResponse, type WireResourceResponse } from './services/wireMessages';
import { encodeQueryResponse, encodeResourceResponse } from './largeAnswers';

type Encode = MethodCodec['encode'];

/** The methods whose answers are large have encoders of their own, made from the library's. */
const LARGE: Readonly<Record<string, (serialize: (message: object) => Buffer) => Encode>> = {
  '/pluginv2.Data/QueryData': () => (message) => encodeQueryResponse(message as WireQueryDataResponse),
  '/pluginv2.Resource/CallResource': (serialize) => (message) =>
    encodeResourceResponse(message as WireResourceResponse, serialize),
};

/** The protocol, ready for gRPC. Loading it takes some milliseconds: once per process. */
export interface Protocol {
  /** @param name full name, e.g. `pluginv2.Data` */
  service(name: string): ServiceDefinition;
  /** How the messages of one method are read and written here. */
  codec(service: string, method: string): MethodCodec;
  /** The bytes of one message. */
  encode(name: string, message: object): Buffer;
}

export function loadProtocol(): Protocol {
  const definitions = fromJSON(PROTOCOL_SCHEMA, { keepCase: true, longs: Number, defaults: true });
  const find = (name: string) => {
    const found = definitions[name];
    if (!found) {
      throw new Error(`The protocol has no ${name}`);
    }
    return found;
  };
  const codec = (service: string, method: string): MethodCodec => {
    const { path, requestDeserialize, responseSerialize } = (find(service) as ServiceDefinition)[method];
    const encode = LARGE[path]?.(responseSerialize) ?? ((message) => [responseSerialize(message)]);
    return { path, decode: requestDeserialize as MethodCodec['decode'], encode };
  };
  return {
    service: (name) => find(name) as ServiceDefinition,
    codec,
    encode: (name, message) => (find(name) as MessageTypeDefinition<object, object>).serialize(message),
  };
}
