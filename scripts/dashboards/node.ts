import { type Dashboard } from './assemble';
import { bars, limitSteps, lines, SHARE, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|devtmpfs"';
const DEVICES = 'device!~"lo|veth.*|br-.*|docker.*|ifb.*"';

export const NODE: Dashboard = {
  uid: 'promkeep-node',
  title: 'Node',
  description: 'Machines, as the node exporter sees them.',
  scope: 'node_uname_info',
  sections: [
    {
      panels: [
        tiles('Now', [
          {
            expr: `100 - (avg(rate(node_cpu_seconds_total{mode="idle",${AT}}[$__rate_interval])) * 100)`,
            legend: 'CPU usage',
            ...SHARE,
          },
          {
            expr: `(1 - sum(node_memory_MemAvailable_bytes{${AT}}) / sum(node_memory_MemTotal_bytes{${AT}})) * 100`,
            legend: 'Memory usage',
            ...SHARE,
          },
          {
            expr: `max(100 * (1 - node_filesystem_avail_bytes{${DISKS},${AT}} / node_filesystem_size_bytes{${DISKS},${AT}}))`,
            legend: 'Fullest disk',
            ...SHARE,
          },
          {
            expr: `max(node_load1{${AT}} / on (job, instance) count by (job, instance) (node_cpu_seconds_total{mode="idle",${AT}}))`,
            legend: 'Load per CPU',
            decimals: 2,
            steps: limitSteps({ warning: 1, critical: 2 }),
          },
          {
            expr: `sum(rate(node_network_receive_bytes_total{${DEVICES},${AT}}[$__rate_interval]))`,
            legend: 'Network in',
            unit: 'Bps',
          },
          {
            expr: `min(time() - node_boot_time_seconds{${AT}})`,
            legend: 'Least uptime',
            unit: 'dtdurations',
          },
        ]),
      ],
    },
    {
      title: 'CPU and memory',
      panels: [
        lines(
          'CPU by mode',
          [
            {
              expr: `sum by (mode) (rate(node_cpu_seconds_total{mode!="idle",${AT}}[$__rate_interval])) / scalar(count(node_cpu_seconds_total{mode="idle",${AT}})) * 100`,
              legend: '{{mode}}',
            },
          ],
          {
            unit: 'percent',
            max: 100,
            stacked: true,
            colors: { user: 'blue', system: 'purple', iowait: 'orange', steal: 'red', nice: 'light-blue' },
            description: 'Share of all CPU time; what is missing to 100 % is idle.',
          }
        ),
        lines(
          'Memory',
          [
            {
              expr: `sum(node_memory_MemTotal_bytes{${AT}}) - sum(node_memory_MemAvailable_bytes{${AT}})`,
              legend: 'in use',
            },
            {
              expr: `sum(node_memory_MemAvailable_bytes{${AT}}) - sum(node_memory_MemFree_bytes{${AT}})`,
              legend: 'cache, given back on demand',
            },
            { expr: `sum(node_memory_MemFree_bytes{${AT}})`, legend: 'free' },
          ],
          {
            unit: 'bytes',
            stacked: true,
            colors: { 'in use': 'blue', 'cache, given back on demand': 'light-blue', free: 'semi-dark-green' },
          }
        ),
        lines(
          'Load',
          [
            { expr: `node_load1{${AT}}`, legend: '1 m {{instance}}' },
            { expr: `node_load5{${AT}}`, legend: '5 m {{instance}}' },
            { expr: `node_load15{${AT}}`, legend: '15 m {{instance}}' },
          ],
          { decimals: 2 }
        ),
        lines(
          'Context switches and interrupts',
          [
            { expr: `sum(rate(node_context_switches_total{${AT}}[$__rate_interval]))`, legend: 'context switches' },
            { expr: `sum(rate(node_intr_total{${AT}}[$__rate_interval]))`, legend: 'interrupts' },
          ],
          { unit: 'ops' }
        ),
      ],
    },
    {
      title: 'Disk and network',
      panels: [
        bars(
          'Disk space in use',
          {
            expr: `max by (instance, mountpoint) (100 * (1 - node_filesystem_avail_bytes{${DISKS},${AT}} / node_filesystem_size_bytes{${DISKS},${AT}}))`,
            legend: '{{mountpoint}} {{instance}}',
          },
          { max: 100, displayName: '${__field.labels.mountpoint} ${__field.labels.instance}' }
        ),
        lines(
          'Disk throughput',
          [
            {
              expr: `sum by (device) (rate(node_disk_read_bytes_total{${AT}}[$__rate_interval]))`,
              legend: 'read {{device}}',
            },
            {
              expr: `sum by (device) (rate(node_disk_written_bytes_total{${AT}}[$__rate_interval]))`,
              legend: 'written {{device}}',
            },
          ],
          { unit: 'Bps', downwards: /^written/, description: 'Written bytes point downwards.' }
        ),
        lines(
          'Network',
          [
            {
              expr: `sum by (device) (rate(node_network_receive_bytes_total{${DEVICES},${AT}}[$__rate_interval]))`,
              legend: 'in {{device}}',
            },
            {
              expr: `sum by (device) (rate(node_network_transmit_bytes_total{${DEVICES},${AT}}[$__rate_interval]))`,
              legend: 'out {{device}}',
            },
          ],
          { unit: 'Bps', downwards: /^out/, description: 'Sent bytes point downwards.' }
        ),
        lines(
          'Open connections',
          [
            { expr: `node_netstat_Tcp_CurrEstab{${AT}}`, legend: 'established {{instance}}' },
            { expr: `node_sockstat_TCP_tw{${AT}}`, legend: 'waiting to close {{instance}}' },
          ],
          { decimals: 0 }
        ),
      ],
    },
  ],
};
