import { type Dashboard } from './assemble';
import { leastSteps, lines, NONE_IS_GOOD, SHARE, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const rate = (metric: string): string => `rate(mysql_global_status_${metric}{${AT}}[$__rate_interval])`;
const total = (metric: string): string => `sum(${rate(metric)})`;
const REQUESTS = total('innodb_buffer_pool_read_requests');
const READS = total('innodb_buffer_pool_reads');

export const MYSQL: Dashboard = {
  uid: 'promkeep-mysql',
  title: 'MySQL',
  description: 'MySQL and MariaDB servers, as the MySQL exporter sees them.',
  scope: 'mysql_up',
  sections: [
    {
      panels: [
        tiles(
          'Now',
          [
            // Without the exporter there is nothing to say, not even that no server is down.
            {
              expr: `sum(1 - mysql_up{${AT}})`,
              legend: 'Servers down',
              decimals: 0,
              steps: NONE_IS_GOOD,
            },
            {
              expr: `max(100 * mysql_global_status_threads_connected{${AT}} / mysql_global_variables_max_connections{${AT}})`,
              legend: 'Connections in use',
              ...SHARE,
            },
            { expr: total('queries'), legend: 'Queries', unit: 'ops' },
            { expr: total('slow_queries'), legend: 'Slow queries', unit: 'ops' },
            {
              expr: `100 * (1 - ${READS} / ${REQUESTS})`,
              legend: 'Buffer pool hits',
              unit: 'percent',
              decimals: 1,
              max: 100,
              steps: leastSteps(95, 'warning'),
            },
            { expr: `min(mysql_global_status_uptime{${AT}})`, legend: 'Least uptime', unit: 'dtdurations' },
          ],
          {
            noValue: 'Nothing scrapes a MySQL exporter. In the demo: docker compose --profile mysql up',
          }
        ),
      ],
    },
    {
      title: 'Work',
      panels: [
        lines(
          'Statements',
          [
            {
              expr: `topk(8, sum by (command) (rate(mysql_global_status_commands_total{command!~"admin_commands|set_option|show_.*",${AT}}[$__rate_interval]))) > 0`,
              legend: '{{command}}',
            },
          ],
          { unit: 'ops' }
        ),
        lines(
          'Connections',
          [
            { expr: `sum(mysql_global_status_threads_connected{${AT}})`, legend: 'open' },
            { expr: `sum(mysql_global_status_threads_running{${AT}})`, legend: 'at work' },
            { expr: `sum(mysql_global_variables_max_connections{${AT}})`, legend: 'limit' },
          ],
          { decimals: 0, stepped: true, colors: { open: 'blue', 'at work': 'green', limit: 'text' } }
        ),
        lines(
          'Rows read and written by the storage engine',
          [
            {
              expr: `sum by (handler) (rate(mysql_global_status_handlers_total{handler=~"read_first|read_key|read_next|read_rnd|read_rnd_next|write|update|delete",${AT}}[$__rate_interval]))`,
              legend: '{{handler}}',
            },
          ],
          { unit: 'rowsps', description: 'Much read_rnd_next means that tables are read from one end to the other.' }
        ),
        lines(
          'Slow queries and failed connections',
          [
            { expr: total('slow_queries'), legend: 'slow queries' },
            { expr: total('aborted_connects'), legend: 'failed connections' },
            { expr: total('aborted_clients'), legend: 'clients that vanished' },
          ],
          { unit: 'ops', softMax: 1, colors: { 'slow queries': 'orange', 'failed connections': 'red' } }
        ),
      ],
    },
    {
      title: 'Memory, disk and network',
      panels: [
        lines(
          'Buffer pool',
          [
            {
              expr: `sum by (state) (mysql_global_status_buffer_pool_pages{state=~"data|free|misc",${AT}})`,
              legend: '{{state}} pages',
            },
          ],
          { stacked: true, colors: { 'data pages': 'blue', 'free pages': 'semi-dark-green', 'misc pages': 'purple' } }
        ),
        lines(
          'Temporary tables',
          [
            { expr: total('created_tmp_tables'), legend: 'all' },
            { expr: total('created_tmp_disk_tables'), legend: 'on disk' },
          ],
          { unit: 'ops', colors: { all: 'blue', 'on disk': 'orange' } }
        ),
        lines(
          'Disk',
          [
            { expr: total('innodb_data_read'), legend: 'read' },
            { expr: total('innodb_data_written'), legend: 'written' },
          ],
          { unit: 'Bps', softMax: 1000, downwards: /^written$/, description: 'Written bytes point downwards.' }
        ),
        lines(
          'Network',
          [
            { expr: total('bytes_received'), legend: 'in' },
            { expr: total('bytes_sent'), legend: 'out' },
          ],
          { unit: 'Bps', downwards: /^out$/, description: 'Sent bytes point downwards.' }
        ),
      ],
    },
  ],
};
