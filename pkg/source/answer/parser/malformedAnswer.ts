/**
 * The bytes are not an answer of Prometheus' API. Stays inside this room: the client turns it into SOURCE_NOT_PROMETHEUS
 * with the address and a snippet of the body.
 */
export class MalformedAnswer extends Error {
  /** @param offset position of the fault in the decoded body, in bytes */
  constructor(
    message: string,
    readonly offset: number
  ) {
    super(message);
    this.name = 'MalformedAnswer';
  }
}
