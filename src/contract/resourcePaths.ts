/**
 * Paths of Promkeep's own resources below `/api/datasources/uid/<uid>/resources/`; every other path is Prometheus' own. Here stand
 * only those the browser asks for; `pkg/routes/routes.ts` has all.
 */
export const RESOURCE_PREFIX = 'promkeep/';
export const SUMMARY_METRICS_RESOURCE = 'promkeep/api/summary/metrics';
/** Labels and series of what is archived; the parameter `query` names a recorded query. */
export const ARCHIVE_LABELS_RESOURCE = 'promkeep/api/archive/labels';
export const ARCHIVE_SERIES_RESOURCE = 'promkeep/api/archive/series';
/** GET lists; POST makes one. Below it, by POST: `update`, `pause`, `resume`, `delete`, `validate`, `take-back`, `carry-out`. */
export const RECORDED_QUERIES_RESOURCE = 'promkeep/api/recorded-queries';
