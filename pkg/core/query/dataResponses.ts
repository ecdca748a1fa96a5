import { type DataResponse } from '../ports/datasource';
import { type PromkeepError } from '../model/errors';
import { type Frame } from '../frames/frame';

export function success(frames: Frame[]): DataResponse {
  return { frames, status: 200 };
}

/**
 * A response with errors, and with the frames there are nevertheless: Grafana shows both. Several texts are joined; status and
 * blame are those of the last one.
 */
export function failure(errors: readonly [PromkeepError, ...PromkeepError[]], frames: Frame[] = []): DataResponse {
  const last = errors[errors.length - 1];
  const texts = [...new Set(errors.map(({ message }) => message))];
  return { frames, status: last.status, error: texts.join(' '), errorSource: last.source };
}

/** Grafana's SDK does this for plugins that use it; without it the browser cannot tell whose frames they are. */
export function withRefId(response: DataResponse, refId: string): DataResponse {
  return { ...response, frames: response.frames.map((frame) => ({ ...frame, refId })) };
}

export function isNotEmpty<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0;
}
