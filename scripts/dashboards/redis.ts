import { type Dashboard } from './assemble';
import { leastSteps, lines, NONE_IS_GOOD, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const total = (metric: string): string => `sum(rate(redis_${metric}{${AT}}[$__rate_interval]))`;
const HITS = total('keyspace_hits_total');
const MISSES = total('keyspace_misses_total');

export const REDIS: Dashboard = {
  uid: 'promkeep-redis',
  title: 'Redis',
  description: 'Redis servers, as the Redis exporter sees them.',
  scope: 'redis_up',
  sections: [
    {
      panels: [
        tiles(
          'Now',
          [
            {
              expr: `sum(1 - redis_up{${AT}})`,
              legend: 'Servers down',
              decimals: 0,
              steps: NONE_IS_GOOD,
            },
            { expr: total('commands_processed_total'), legend: 'Commands', unit: 'ops' },
            {
              expr: `100 * ${HITS} / (${HITS} + ${MISSES})`,
              legend: 'Hits',
              unit: 'percent',
              decimals: 1,
              max: 100,
              steps: leastSteps(50, 'warning'),
            },
            { expr: `sum(redis_memory_used_bytes{${AT}})`, legend: 'Memory', unit: 'bytes' },
            { expr: `sum(redis_connected_clients{${AT}})`, legend: 'Clients', decimals: 0 },
            { expr: `min(redis_uptime_in_seconds{${AT}})`, legend: 'Least uptime', unit: 'dtdurations' },
          ],
          { noValue: 'Nothing scrapes a Redis exporter. In the demo: docker compose --profile redis up' }
        ),
      ],
    },
    {
      title: 'Work',
      panels: [
        lines(
          'Commands',
          [
            {
              expr: `topk(8, sum by (cmd) (rate(redis_commands_total{${AT}}[$__rate_interval]))) > 0.1`,
              legend: '{{cmd}}',
            },
          ],
          { unit: 'ops' }
        ),
        lines(
          'Mean duration of a command',
          [
            {
              expr: `sum by (cmd) (rate(redis_commands_duration_seconds_total{${AT}}[$__rate_interval])) / (sum by (cmd) (rate(redis_commands_total{${AT}}[$__rate_interval])) > 0.1)`,
              legend: '{{cmd}}',
            },
          ],
          { unit: 's' }
        ),
        lines(
          'Hits and misses',
          [
            { expr: HITS, legend: 'hits' },
            { expr: MISSES, legend: 'misses' },
          ],
          { unit: 'ops', stacked: true, colors: { hits: 'green', misses: 'orange' } }
        ),
        lines(
          'Clients',
          [
            { expr: `sum(redis_connected_clients{${AT}})`, legend: 'connected' },
            { expr: `sum(redis_blocked_clients{${AT}})`, legend: 'blocked' },
          ],
          { decimals: 0, stepped: true, colors: { connected: 'blue', blocked: 'orange' } }
        ),
      ],
    },
    {
      title: 'Memory, keys and network',
      panels: [
        lines(
          'Memory',
          [
            { expr: `sum(redis_memory_used_bytes{${AT}})`, legend: 'used' },
            { expr: `sum(redis_memory_used_rss_bytes{${AT}})`, legend: 'resident' },
            { expr: `sum(redis_memory_max_bytes{${AT}}) > 0`, legend: 'limit' },
          ],
          { unit: 'bytes', colors: { used: 'blue', resident: 'purple', limit: 'text' } }
        ),
        lines(
          'Keys',
          [
            { expr: `sum by (db) (redis_db_keys{${AT}}) > 0`, legend: '{{db}}' },
            { expr: `sum by (db) (redis_db_keys_expiring{${AT}}) > 0`, legend: '{{db}}, with expiry' },
          ],
          { decimals: 0, noValue: 'There are no keys' }
        ),
        lines(
          'Keys removed',
          [
            { expr: total('expired_keys_total'), legend: 'expired' },
            { expr: total('evicted_keys_total'), legend: 'evicted for want of memory' },
          ],
          { unit: 'ops', softMax: 1, colors: { expired: 'blue', 'evicted for want of memory': 'red' } }
        ),
        lines(
          'Network',
          [
            { expr: total('net_input_bytes_total'), legend: 'in' },
            { expr: total('net_output_bytes_total'), legend: 'out' },
          ],
          { unit: 'Bps', downwards: /^out$/, description: 'Sent bytes point downwards.' }
        ),
      ],
    },
  ],
};
