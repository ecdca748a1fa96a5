/** Paths of Promkeep's own resources below `/api/datasources/uid/<uid>/resources/`; every other path is Prometheus' own. */
export const RESOURCE_PREFIX = 'promkeep/';
export const SUMMARY_RESOURCE = 'promkeep/api/metrics/summary';
export const SUMMARY_METRICS_RESOURCE = 'promkeep/api/summary/metrics';
export const STANDARD_RESOURCE = 'promkeep/api/standard';
export const ARCHIVE_STATUS_RESOURCE = 'promkeep/api/archive/status';
export const ARCHIVE_GAPS_RESOURCE = 'promkeep/api/archive/gaps';
/** GET lists; POST makes one. Below it, by POST: `update`, `pause`, `resume`, `delete`, `validate`. */
export const RECORDED_QUERIES_RESOURCE = 'promkeep/api/recorded-queries';
