/** Prometheus' word for "there is more". */
export const TRUNCATED = 'results truncated due to limit';

/**
 * Whether a warning of an answer means that a remote storage failed, so that the answer lacks what it would have given: Prometheus
 * says `success` then. All other warnings are what it thinks of an expression, or of a limit.
 */
export function isOutage(warning: string): boolean {
  return !/^PromQL (warning|info)/.test(warning) && warning !== TRUNCATED;
}
