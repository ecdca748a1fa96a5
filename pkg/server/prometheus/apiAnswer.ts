import * as v from 'valibot';
import { type PromkeepError } from '../../core/model/errors';
import { isOutage } from '../../core/model/outage';
import { parseJson } from '../../core/model/parseJson';
import { type ResourceResponse } from '../../core/ports/metricSource';
import { fitting } from '../../../src/contract/lenient';

const JSON_TYPE = { 'content-type': 'application/json' };

/** An answer in Prometheus' form. */
export function success(data: unknown, warnings: readonly string[] = []): ResourceResponse {
  return json(200, { status: 'success', data, ...(warnings.length > 0 ? { warnings } : {}) });
}

/** A failure in Prometheus' form. */
export function failure({ status, message }: Pick<PromkeepError, 'status' | 'message'>): ResourceResponse {
  return json(status, { status: 'error', errorType: errorTypeOf(status), error: message });
}

function json(status: number, body: unknown): ResourceResponse {
  return { status, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(body)) };
}

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'bad_data',
  404: 'not_found',
  413: 'execution',
  422: 'execution',
  499: 'canceled',
  500: 'internal',
  504: 'timeout',
};

function errorTypeOf(status: number): string {
  return ERROR_TYPES[status] ?? (status < 500 && status !== 429 ? 'bad_data' : 'unavailable');
}

/**
 * The engine's answer, as it is; one that lacks what a remote storage would have given is a failure, since an outage must not look
 * like no data. Prometheus says that in `warnings` behind the data, and there also what it thinks of the expression.
 */
export function withoutOutage(answer: ResourceResponse): ResourceResponse {
  const outage = answer.status < 300 ? warningsIn(answer.body).find(isOutage) : undefined;
  return outage === undefined ? answer : failure({ status: 503, message: `incomplete answer: ${outage}` });
}

/**
 * Behind a quote that is not escaped, this name with a list can only be the one of the answer itself: labels and annotations are
 * texts. So only what follows is parsed, not the megabytes before it.
 */
function warningsIn(body: Uint8Array): string[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const at = bytes.lastIndexOf('"warnings":[');
  const rest = at >= 0 ? parseJson(`{${bytes.toString('utf8', at)}`) : undefined;
  return v.parse(TAIL, rest).warnings;
}

const TAIL = v.fallback(v.object({ warnings: fitting(v.string()) }), { warnings: [] });
