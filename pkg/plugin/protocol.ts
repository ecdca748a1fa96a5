import { fromJSON, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { PROTOCOL_SCHEMA } from './protocolSchema';

/** The protocol, ready for gRPC. Loading it takes some milliseconds: once per process. */
export interface Protocol {
  /** @param name full name, e.g. `pluginv2.Data` */
  service(name: string): ServiceDefinition;
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
  return {
    service: (name) => find(name) as ServiceDefinition,
    encode: (name, message) => (find(name) as MessageTypeDefinition<object, object>).serialize(message),
  };
}
