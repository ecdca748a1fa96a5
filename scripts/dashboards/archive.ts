import { type Dashboard } from './assemble';
import { leastSteps, limitSteps, lines, stateTimeline, table, tiles } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';
const samples = (outcome: string): string =>
  `sum(rate(promkeep_archive_samples_total{outcome="${outcome}",${AT}}[$__rate_interval]))`;
const collectQuantile = (share: number): string =>
  `histogram_quantile(${share}, sum by (le) (rate(promkeep_collect_duration_seconds_bucket{${AT}}[$__rate_interval])))`;
/** Several programs, and several datasources of one Grafana, may see the same archive. */
const one = (metric: string): string => `max(${metric}{${AT}})`;
const BY_SOURCE = 'by (org_id, source_name)';
/** Samples of all sources, each counted once whoever tells of it. */
const ALL_SAMPLES = `sum(max ${BY_SOURCE} (promkeep_archive_samples{${AT}}))`;
const MISSING = `max by (org_id, source_name, query, reason) (promkeep_gap_seconds{${AT}})`;

/** `GapReason`, and what nobody has noted, in words for people. */
const REASONS: Readonly<Record<string, string>> = {
  'source-down': 'Prometheus was down',
  'query-failed': 'The query failed',
  'partial-answer': 'Prometheus answered in part',
  'source-had-no-data': 'Prometheus had no data then',
  'source-lost-it': 'Prometheus no longer has it',
  'archive-down': 'The archive was down',
  'not-recorded': 'No archiver was at work',
};

export const ARCHIVE: Dashboard = {
  uid: 'promkeep-archive',
  title: 'Archive',
  description: 'The archive: what is recorded, what is missing and why, how large it is, who is at work.',
  scope: 'promkeep_build_info',
  sections: [
    {
      panels: [
        tiles(
          'Now',
          [
            {
              // Of each source one archiver records; No when there is a source of which none does.
              expr: `min(max ${BY_SOURCE} (promkeep_archive_leader{${AT}}))`,
              legend: 'Recording',
              decimals: 0,
              steps: leastSteps(1, 'critical'),
              texts: { 0: 'No', 1: 'Yes' },
            },
            {
              expr: one('promkeep_collect_lag_seconds'),
              legend: 'Behind',
              unit: 's',
              steps: limitSteps({ warning: 60, critical: 300 }),
            },
            {
              // The gauge has no series while nothing is missing.
              expr: `sum(${MISSING}) or 0 * ${one('promkeep_build_info')}`,
              legend: 'Missing',
              unit: 's',
              steps: limitSteps({ warning: 300, critical: 3600 }),
            },
            { expr: samples('written'), legend: 'Samples written', unit: 'suffix:/s' },
            { expr: one('promkeep_archive_bytes'), legend: 'Size on disk', unit: 'bytes' },
            {
              expr: `${one('promkeep_archive_bytes')} / ${ALL_SAMPLES}`,
              legend: 'Bytes a sample',
              unit: 'bytes',
            },
          ],
          {
            noValue:
              'Nothing scrapes an archiver. Add /metrics of promkeep serve to Prometheus as a job, or /metrics/plugins/promkeep-prometheus-datasource of Grafana.',
          }
        ),
      ],
    },
    {
      title: 'Gaps',
      panels: [
        table('What is missing, and why', `max by (source_name, query, reason) (promkeep_gap_seconds{${AT}}) > 0`, {
          columns: { query: 'Recorded query', source_name: 'Source', reason: 'Reason' },
          value: { title: 'Missing', unit: 'dtdurations' },
          texts: { label: 'reason', of: REASONS },
          limits: { warning: 300, critical: 3600 },
          noValue: 'Nothing is missing',
          h: 6,
          description:
            'Time of each recorded query that the archive lacks. Gaps heal by themselves while Prometheus still has the range; "promkeep gaps" lists them with their times.',
        }),
        lines('Missing over time', [{ expr: `sum by (reason) (${MISSING})`, legend: '{{reason}}' }], {
          unit: 's',
          stacked: true,
          stepped: true,
          h: 6,
          names: REASONS,
          noValue: 'Nothing was missing',
        }),
      ],
    },
    {
      title: 'Recording',
      panels: [
        lines(
          'Samples by what became of them',
          ['written', 'unchanged', 'revised', 'withdrawn'].map((outcome) => ({
            expr: samples(outcome),
            legend: outcome,
          })),
          {
            unit: 'suffix:/s',
            colors: { written: 'green', unchanged: 'blue', revised: 'orange', withdrawn: 'red' },
            description:
              'Unchanged: asked for again with the same answer. Revised: Prometheus says otherwise by now. Withdrawn: it no longer says anything.',
          }
        ),
        lines('Behind', [{ expr: `max by (query) (promkeep_collect_lag_seconds{${AT}})`, legend: '{{query}}' }], {
          unit: 's',
          softMax: 120,
          limits: { warning: 60, critical: 300 },
          description:
            'Beyond the time that answers need to settle. Up to one step is usual: a point has just become due.',
        }),
        lines(
          'Time from request to commit',
          [
            { expr: collectQuantile(0.5), legend: 'p50' },
            { expr: collectQuantile(0.95), legend: 'p95' },
          ],
          { unit: 's' }
        ),
        lines(
          'Failures and refused series',
          [
            {
              expr: `sum by (query, reason) (increase(promkeep_collect_failures_total{${AT}}[$__rate_interval])) > 0`,
              legend: '{{query}}: {{reason}}',
            },
            {
              expr: `sum by (query) (increase(promkeep_archive_refused_series_total{${AT}}[$__rate_interval])) > 0`,
              legend: '{{query}}: refused',
            },
          ],
          { decimals: 0, noValue: 'No failures' }
        ),
      ],
    },
    {
      title: 'Storage',
      panels: [
        lines('Size on disk', [{ expr: one('promkeep_archive_bytes'), legend: 'all tables and indexes' }], {
          unit: 'bytes',
          w: 8,
        }),
        lines('Samples', [{ expr: ALL_SAMPLES, legend: 'samples' }], { w: 8 }),
        lines('Bytes a sample', [{ expr: `${one('promkeep_archive_bytes')} / ${ALL_SAMPLES}`, legend: 'on disk' }], {
          unit: 'bytes',
          w: 8,
          description:
            'Falls as periods are packed, six hours after their end; the fixed size of a young archive weighs.',
        }),
        lines(
          'Connections',
          [
            { expr: `sum by (state) (promkeep_archive_connections{${AT}})`, legend: '{{state}}' },
            { expr: `sum(promkeep_archive_connections_limit{${AT}})`, legend: 'limit' },
          ],
          { decimals: 0, stepped: true, w: 8, colors: { busy: 'orange', idle: 'green', waiting: 'red', limit: 'text' } }
        ),
        lines(
          'Upkeep: duration',
          [{ expr: `max by (task) (promkeep_upkeep_duration_seconds{${AT}})`, legend: '{{task}}' }],
          {
            unit: 's',
            w: 8,
            noValue: 'No upkeep yet: it begins five minutes after the start',
            description: 'Packing, rollups and expiry, once an hour.',
          }
        ),
        lines(
          'Upkeep: runs since the start',
          [
            {
              expr: `sum by (task, outcome) (promkeep_upkeep_runs_total{${AT}})`,
              legend: '{{task}} {{outcome}}',
            },
          ],
          { decimals: 0, stepped: true, w: 8, noValue: 'No upkeep yet: it begins five minutes after the start' }
        ),
      ],
    },
    {
      title: 'Program',
      panels: [
        stateTimeline(
          'Who records',
          { expr: `promkeep_archive_leader{${AT}}`, legend: '{{source_name}}: {{instance}} {{datasource}}' },
          {
            on: ['Records', 'green'],
            off: ['Waits', 'blue'],
            w: 12,
            h: 5,
            description:
              'Of each source one of several archivers records (promkeep serve, or a datasource in Grafana); the others take over when it is silent.',
          }
        ),
        lines(
          "This machine's clock ahead of Prometheus'",
          [{ expr: `promkeep_source_clock_offset_seconds{${AT}}`, legend: '{{instance}} {{datasource}}' }],
          {
            unit: 's',
            signed: true,
            h: 5,
            description: "Recording goes by Prometheus' clock; beyond 5 s look at the machine's.",
          }
        ),
        lines(
          'Requests answered, by status',
          [
            {
              expr: `sum by (status) (rate(promkeep_http_request_duration_seconds_count{${AT}}[$__rate_interval]))`,
              legend: '{{status}}',
            },
          ],
          { unit: 'reqps', w: 8, h: 7, noValue: 'Nobody has asked for anything' }
        ),
        lines('Memory', [{ expr: `process_resident_memory_bytes{${AT}}`, legend: '{{instance}}' }], {
          unit: 'bytes',
          w: 8,
          h: 7,
        }),
        lines('CPU', [{ expr: `rate(process_cpu_seconds_total{${AT}}[$__rate_interval])`, legend: '{{instance}}' }], {
          unit: 'percentunit',
          w: 8,
          h: 7,
        }),
      ],
    },
  ],
};
