import { type PortWish } from './portChoice';

/** The ports of the demo. */
export const NODE_EXPORTER: PortWish = { what: 'the node exporter', usual: 9100, variable: 'NODE_EXPORTER_PORT' };
export const POSTGRES_EXPORTER: PortWish = {
  what: 'the PostgreSQL exporter',
  usual: 9187,
  variable: 'POSTGRES_EXPORTER_PORT',
};
export const CUSTOM_EXPORTER: PortWish = { what: 'the custom exporter', usual: 8000, variable: 'CUSTOM_EXPORTER_PORT' };
export const PROMETHEUS: PortWish = { what: 'Prometheus', usual: 9090, variable: 'PROMETHEUS_PORT' };
export const READER: PortWish = { what: 'the reader Prometheus', usual: 9091, variable: 'READER_PORT' };
export const POSTGRES: PortWish = { what: 'PostgreSQL', usual: 5432, variable: 'POSTGRES_PORT' };
export const SERVE: PortWish = { what: 'promkeep serve', usual: 5000, variable: 'PROMKEEP_PORT' };
export const GRAFANA: PortWish = { what: 'Grafana', usual: 3000, variable: 'GRAFANA_PORT' };
