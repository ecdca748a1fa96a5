import { formatDurationMs, parseDurationMs } from '../../contract/duration';
import { type RecordedDefinition } from '../../contract/recordedDefinition';

const DEFAULT_SCRAPE_MS = 15_000;
const NAME_LENGTH = 60;

export interface Prefill {
  definition: RecordedDefinition;
  /** The expression is not word for word that of the query. */
  replaced: boolean;
}

/**
 * A definition to start from. A recorded query runs without a dashboard, so the interval macros get the values they have at
 * its own step, and variables those they have now.
 *
 * @param interpolate replaces a dashboard's variables
 */
export function prefillRecorded(
  query: { expr: string; interval?: string },
  timeInterval: string | undefined,
  interpolate: (expr: string) => string
): Prefill {
  const scrapeMs = parseDurationMs(timeInterval ?? '') || DEFAULT_SCRAPE_MS;
  const stepMs = parseDurationMs(query.interval ?? '') || scrapeMs;
  // As Grafana computes it for this step.
  const rateMs = Math.max(stepMs + scrapeMs, 4 * scrapeMs);
  const values: Record<string, string> = {
    rate_interval: formatDurationMs(rateMs),
    rate_interval_ms: String(rateMs),
    interval: formatDurationMs(stepMs),
    interval_ms: String(stepMs),
  };
  const fixed = query.expr.replace(
    /\$__(rate_interval_ms|rate_interval|interval_ms|interval)\b|\$\{__(rate_interval_ms|rate_interval|interval_ms|interval)\}/g,
    (_, plain?: string, braced?: string) => values[plain ?? braced ?? '']
  );
  const expression = interpolate(fixed);
  return {
    definition: { name: suggestName(expression), expression, stepMs, retention: '1y' },
    replaced: expression !== query.expr,
  };
}

/** `sum by (job) (rate(http_requests_total[5m]))` → `sum_by_job_rate_http_requests_total_5m` */
export function suggestName(expression: string): string {
  const words = expression.replace(/[^a-zA-Z0-9_:]+/g, '_').replace(/^[_\d]+/, '');
  return words.slice(0, NAME_LENGTH).replace(/(?<!_)_+$/, '');
}
