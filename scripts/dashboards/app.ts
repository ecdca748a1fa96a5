import { type Dashboard } from './assemble';
import { heatmap, limitSteps, lines, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const BUCKETS = `sum by (le) (rate(app_request_duration_seconds_bucket{${AT}}[$__rate_interval]))`;
const quantile = (share: number) => `histogram_quantile(${share}, ${BUCKETS})`;

export const APP: Dashboard = {
  uid: 'promkeep-app',
  title: 'Application',
  description: 'The custom application: requests, their duration, users and connections.',
  scope: 'app_active_users',
  sections: [
    {
      panels: [
        tiles('Now', [
          { expr: `sum(rate(app_request_total{${AT}}[$__rate_interval]))`, legend: 'Requests', unit: 'reqps' },
          {
            expr: quantile(0.95),
            legend: 'Request duration, p95',
            unit: 's',
            steps: limitSteps({ warning: 0.5, critical: 1 }),
          },
          { expr: `sum(app_active_users{${AT}})`, legend: 'Active users', decimals: 0 },
          { expr: `sum(app_db_connections{${AT}})`, legend: 'Database connections', decimals: 0 },
        ]),
      ],
    },
    {
      title: 'Requests',
      panels: [
        lines(
          'Requests',
          [{ expr: `sum by (instance) (rate(app_request_total{${AT}}[$__rate_interval]))`, legend: '{{instance}}' }],
          { unit: 'reqps' }
        ),
        lines(
          'Request duration',
          [
            { expr: quantile(0.5), legend: 'p50' },
            { expr: quantile(0.95), legend: 'p95' },
            { expr: quantile(0.99), legend: 'p99' },
          ],
          { unit: 's' }
        ),
        heatmap(
          'Request duration, all requests',
          `sum by (le) (increase(app_request_duration_seconds_bucket{${AT}}[$__rate_interval]))`,
          {
            unit: 's',
            w: 24,
          }
        ),
      ],
    },
    {
      title: 'Load',
      panels: [
        lines('Active users', [{ expr: `app_active_users{${AT}}`, legend: '{{instance}}' }], { decimals: 0 }),
        lines('Database connections', [{ expr: `app_db_connections{${AT}}`, legend: '{{instance}}' }], { decimals: 0 }),
        lines(
          'CPU of the process',
          [{ expr: `rate(process_cpu_seconds_total{${AT}}[$__rate_interval])`, legend: '{{instance}}' }],
          { unit: 'percentunit' }
        ),
        lines('Memory of the process', [{ expr: `process_resident_memory_bytes{${AT}}`, legend: '{{instance}}' }], {
          unit: 'bytes',
        }),
      ],
    },
  ],
};
