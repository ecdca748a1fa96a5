import { type Dashboard } from './assemble';
import { bars, leastSteps, lines, NONE_IS_GOOD, SHARE, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const rate = (metric: string, by = 'datname') => `sum by (${by}) (rate(${metric}{${AT}}[$__rate_interval]))`;
const total = (metric: string) => `sum(rate(${metric}{${AT}}[$__rate_interval]))`;
const HITS = total('pg_stat_database_blks_hit');
const READS = total('pg_stat_database_blks_read');

export const POSTGRES: Dashboard = {
  uid: 'promkeep-postgres',
  title: 'PostgreSQL',
  description: 'PostgreSQL servers, as the PostgreSQL exporter sees them.',
  scope: 'pg_up',
  sections: [
    {
      panels: [
        tiles('Now', [
          {
            expr: `count(pg_up{${AT}} == 0) or vector(0)`,
            legend: 'Servers down',
            decimals: 0,
            steps: NONE_IS_GOOD,
          },
          { expr: `sum(pg_stat_database_numbackends{${AT}})`, legend: 'Connections', decimals: 0 },
          {
            expr: `max(100 * sum by (job, instance) (pg_stat_database_numbackends{${AT}}) / max by (job, instance) (pg_settings_max_connections{${AT}}))`,
            legend: 'Connections in use',
            ...SHARE,
          },
          {
            expr: `${total('pg_stat_database_xact_commit')} + ${total('pg_stat_database_xact_rollback')}`,
            legend: 'Transactions',
            unit: 'ops',
          },
          {
            expr: `100 * ${HITS} / (${HITS} + ${READS})`,
            legend: 'Cache hits',
            unit: 'percent',
            decimals: 1,
            steps: leastSteps(90, 'warning'),
          },
          { expr: `sum(pg_database_size_bytes{${AT}})`, legend: 'Size of all databases', unit: 'bytes' },
        ]),
      ],
    },
    {
      title: 'Work',
      panels: [
        lines(
          'Transactions',
          [
            { expr: total('pg_stat_database_xact_commit'), legend: 'committed' },
            { expr: total('pg_stat_database_xact_rollback'), legend: 'rolled back' },
          ],
          { unit: 'ops', colors: { committed: 'green', 'rolled back': 'orange' } }
        ),
        lines(
          'Connections by state',
          [{ expr: `sum by (state) (pg_stat_activity_count{${AT}})`, legend: '{{state}}' }],
          { decimals: 0, stacked: true }
        ),
        lines(
          'Rows changed',
          [
            { expr: total('pg_stat_database_tup_inserted'), legend: 'inserted' },
            { expr: total('pg_stat_database_tup_updated'), legend: 'updated' },
            { expr: total('pg_stat_database_tup_deleted'), legend: 'deleted' },
          ],
          { unit: 'rowsps' }
        ),
        lines(
          'Rows read',
          [
            { expr: total('pg_stat_database_tup_returned'), legend: 'scanned' },
            { expr: total('pg_stat_database_tup_fetched'), legend: 'fetched by index' },
          ],
          { unit: 'rowsps' }
        ),
        lines(
          'Longest transaction',
          [{ expr: `max by (datname) (pg_stat_activity_max_tx_duration{${AT}})`, legend: '{{datname}}' }],
          { unit: 's' }
        ),
        lines('Locks held', [{ expr: `sum by (mode) (pg_locks_count{${AT}}) > 0`, legend: '{{mode}}' }], {
          decimals: 0,
          stacked: true,
        }),
      ],
    },
    {
      title: 'Storage',
      panels: [
        bars(
          'Size by database',
          { expr: `sort_desc(sum by (datname) (pg_database_size_bytes{${AT}}))`, legend: '{{datname}}' },
          { unit: 'bytes', limits: { warning: 1e12, critical: 1e13 }, displayName: '${__field.labels.datname}' }
        ),
        lines(
          'Blocks',
          [
            { expr: HITS, legend: 'found in the cache' },
            { expr: READS, legend: 'read' },
          ],
          { unit: 'ops' }
        ),
        lines('Temporary files', [{ expr: rate('pg_stat_database_temp_bytes'), legend: '{{datname}}' }], {
          unit: 'Bps',
          softMax: 1000,
          description: 'Sorts and joins that did not fit into work_mem.',
        }),
        lines(
          'Deadlocks and conflicts',
          [
            { expr: rate('pg_stat_database_deadlocks'), legend: 'deadlocks {{datname}}' },
            { expr: rate('pg_stat_database_conflicts'), legend: 'conflicts {{datname}}' },
          ],
          { unit: 'ops', softMax: 1 }
        ),
      ],
    },
  ],
};
