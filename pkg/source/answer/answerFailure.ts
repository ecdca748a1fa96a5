import * as v from 'valibot';
import { PromkeepError } from '../../core/model/errors';
import { parseJson } from '../../core/model/parseJson';
import { type Refusal } from './parser/queryAnswer';
import { type HttpAnswer } from '../http/httpClient';

const SNIPPET_CHARACTERS = 200;

const REFUSAL = v.object({
  error: v.string(),
  errorType: v.fallback(v.string(), 'error'),
  status: v.optional(
    v.pipe(
      v.unknown(),
      v.check((status) => status !== 'success')
    )
  ),
});

/** Prometheus' own error in a JSON body, if the body is one. */
export function refusalIn(body: Buffer): Refusal | undefined {
  const read = v.safeParse(REFUSAL, parseJson(body.toString('utf8')));
  return read.success ? { errorType: read.output.errorType, error: read.output.error } : undefined;
}

export function refused(
  { errorType, error }: Refusal,
  status: number,
  redact: (text: string) => string
): PromkeepError {
  return new PromkeepError('SOURCE_REFUSED', redact(`${errorType}: ${error}`), { status });
}

/** An answer with a status that is none of success: Prometheus' own words if there are any, else the status with a snippet. */
export function failedStatus(answer: HttpAnswer, body: Buffer, redact: (text: string) => string): PromkeepError {
  const refusal = refusalIn(body);
  if (refusal) {
    return refused(refusal, answer.status, redact);
  }
  const snippet = snippetOf(body, redact);
  const text = `${answer.statusLine} from ${answer.host}${snippet && `: ${snippet}`}`;
  return new PromkeepError('SOURCE_STATUS', text, { status: answer.status });
}

/** A success status with a body that is no answer of Prometheus. */
export function notPrometheus(
  answer: HttpAnswer,
  head: Buffer,
  fault: { message: string; cause?: unknown },
  redact: (text: string) => string
): PromkeepError {
  const html = /^\s*</.test(head.toString('latin1'));
  const what = html ? 'HTML, not an answer of Prometheus (a login page or another program?)' : fault.message;
  const snippet = snippetOf(head, redact);
  const text = `${answer.host} answered ${answer.statusLine} with ${html ? what : `a body that is no answer of Prometheus: ${what}`}`;
  return new PromkeepError('SOURCE_NOT_PROMETHEUS', snippet ? `${text}. It begins: ${snippet}` : `${text}.`, {
    cause: fault.cause,
  });
}

/** The beginning of a text for people: without tags, scripts and secrets, on one line. */
export function snippetOf(body: Buffer, redact: (text: string) => string): string {
  const text = body
    .subarray(0, 4096)
    .toString('utf8')
    .replace(/<(script|style)\b[^]*?(<\/\1>|$)/gi, ' ')
    .replace(/<[^<>]{0,500}(>|$)/g, ' ')
    .replace(/[\s\p{Cc}\ufffd]+/gu, ' ')
    .trim();
  const clean = redact(text);
  return clean.length > SNIPPET_CHARACTERS ? `${clean.slice(0, SNIPPET_CHARACTERS)}…` : clean;
}
