import { type PromkeepError } from '../../core/model/errors';
import { type CallOptions } from '../../core/ports/metricSource';
import { failedStatus, refusalIn } from '../answer/answerFailure';
import { type HttpAnswer, type HttpClient } from './httpClient';
import { type PrometheusSettings } from '../settings/prometheusSettings';
import { readHead } from '../answer/readAnswer';
import { makeRedactor } from './redaction';
import { type BinaryBody, composeRequest, type RequestParts } from './requestParts';

/** Error bodies are short; of longer ones the beginning is enough. */
const ERROR_BODY_BYTES = 64 * 1024;

/** A call of the API; `path` is escaped and has no leading slash. */
export interface ApiCall {
  method: 'GET' | 'POST';
  path: string;
  parameters: URLSearchParams;
  accept?: string;
  /** Of a POST, in place of the parameters. */
  body?: BinaryBody;
}

export type Redact = (text: string) => string;

/** Calls the API of one source, by the method that the settings ask for and the source takes. */
export class ApiCaller {
  /** Becomes GET for good once the server has refused a POST. */
  private preferred: 'GET' | 'POST';

  constructor(
    private readonly settings: PrometheusSettings,
    private readonly client: HttpClient
  ) {
    this.preferred = settings.httpMethod;
  }

  get method(): 'GET' | 'POST' {
    return this.preferred;
  }

  /** Hands the answer over, whatever its status. */
  send<T>(call: ApiCall, options: CallOptions, consume: (answer: HttpAnswer) => Promise<T>): Promise<T> {
    return this.client.send(this.compose(call, options), options.signal, consume);
  }

  /** Has an answer of success read piece by piece, and throws what another status means. */
  stream<T>(call: ApiCall, options: CallOptions, read: (answer: HttpAnswer) => AsyncIterable<T>): AsyncIterable<T> {
    const failureOf = (answer: HttpAnswer): Promise<PromkeepError> => this.failureOf(answer, options);
    return this.client.stream(this.compose(call, options), options.signal, async function* (answer) {
      if (answer.status >= 300) {
        throw await failureOf(answer);
      }
      yield* read(answer);
    });
  }

  /** What an answer means that is none of success. */
  async failureOf(answer: HttpAnswer, options: CallOptions): Promise<PromkeepError> {
    return failedStatus(answer, await readHead(answer, ERROR_BODY_BYTES), this.redactor(options));
  }

  /**
   * Has the answer read if its status is one of success, and throws what the status means otherwise. A POST that the server
   * does not want is asked by GET.
   */
  async ask<T>(
    call: ApiCall,
    options: CallOptions,
    read: (answer: HttpAnswer, redact: Redact) => Promise<T>
  ): Promise<T> {
    const redact = this.redactor(options);
    const outcome = await this.send(call, options, async (answer) => {
      if (answer.status < 300) {
        return { value: await read(answer, redact) };
      }
      const body = await readHead(answer, ERROR_BODY_BYTES);
      if (call.method === 'POST' && refusesPost(answer.status, body)) {
        return undefined;
      }
      throw failedStatus(answer, body, redact);
    });
    if (outcome) {
      return outcome.value;
    }
    const value = await this.ask({ ...call, method: 'GET' }, options, read);
    this.preferred = 'GET';
    return value;
  }

  private compose(call: ApiCall, { headers }: CallOptions): RequestParts {
    const request = composeRequest(this.settings, call, headers);
    if (call.accept && this.settings.headers.accept === undefined) {
      request.headers.accept = call.accept;
    }
    return request;
  }

  /** Made when there is something to redact: a good answer never needs it. */
  redactor({ headers }: CallOptions): Redact {
    return (text) => makeRedactor(this.settings, headers)(text);
  }
}

/** Proxies in front of old servers answer a POST with 405, 501, or a 400 that speaks of the method. */
function refusesPost(status: number, body: Buffer): boolean {
  if (status === 405 || status === 501) {
    return true;
  }
  return status === 400 && !refusalIn(body) && /\bPOST\b|\bmethod\b/i.test(body.toString('latin1'));
}
