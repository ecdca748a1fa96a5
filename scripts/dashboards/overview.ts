import { type Dashboard } from './assemble';
import { lines, summary, upTimeline } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const LIMITS = { warning: 80, critical: 90 };

export const OVERVIEW: Dashboard = {
  uid: 'promkeep-overview',
  title: 'Overview',
  description: 'How things are: the four values of the summary, and the way they went.',
  scope: 'up',
  sections: [
    {
      panels: [
        summary(
          'Summary',
          'The four values of /api/metrics/summary, over everything this datasource sees; the change is against an hour ago.',
          '1h'
        ),
      ],
    },
    {
      panels: [
        lines(
          'CPU usage',
          [
            {
              expr: `100 - (avg by (instance) (rate(node_cpu_seconds_total{mode="idle",${AT}}[$__rate_interval])) * 100)`,
              legend: '{{instance}}',
            },
          ],
          { unit: 'percent', max: 100, limits: LIMITS, description: 'Busy time of all CPUs of an instance.' }
        ),
        lines(
          'Memory usage',
          [
            {
              expr: `(1 - (node_memory_MemAvailable_bytes{${AT}} / node_memory_MemTotal_bytes{${AT}})) * 100`,
              legend: '{{instance}}',
            },
          ],
          { unit: 'percent', max: 100, limits: LIMITS, description: 'Memory that is not available to new processes.' }
        ),
        lines(
          'Database connections',
          [{ expr: `sum by (instance) (pg_stat_database_numbackends{${AT}})`, legend: '{{instance}}' }],
          { decimals: 0, description: 'Connections to all databases of a server.' }
        ),
        lines(
          'Requests',
          [
            {
              expr: `sum by (job, instance) (rate(app_request_total{${AT}}[$__rate_interval]))`,
              legend: '{{job}} {{instance}}',
            },
          ],
          { unit: 'reqps' }
        ),
        lines(
          'Request duration, 95th percentile',
          [
            {
              expr: `histogram_quantile(0.95, sum by (le) (rate(app_request_duration_seconds_bucket{${AT}}[$__rate_interval])))`,
              legend: 'p95',
            },
          ],
          { unit: 's', w: 24, h: 7 }
        ),
        upTimeline('Scraped targets', { expr: `up{${AT}}`, legend: '{{job}} {{instance}}' }),
      ],
    },
  ],
};
