import { type Dashboard } from './assemble';
import { lines, NONE_IS_GOOD, tiles, upTimeline } from './panels';

const AT = 'job=~"$job",instance=~"$instance"';

export const PROMETHEUS: Dashboard = {
  uid: 'promkeep-prometheus',
  title: 'Prometheus',
  description: 'Prometheus itself: what it scrapes, stores and answers.',
  scope: 'prometheus_build_info',
  sections: [
    {
      panels: [
        tiles('Now', [
          {
            expr: 'count(up == 0) or vector(0)',
            legend: 'Targets down',
            decimals: 0,
            steps: NONE_IS_GOOD,
          },
          { expr: 'count(up)', legend: 'Targets', decimals: 0 },
          { expr: `sum(prometheus_tsdb_head_series{${AT}})`, legend: 'Series' },
          {
            expr: `sum(rate(prometheus_tsdb_head_samples_appended_total{${AT}}[$__rate_interval]))`,
            legend: 'Samples stored',
            unit: 'cps',
          },
          {
            expr: `sum(rate(prometheus_http_requests_total{handler=~"/api/v1/query.*",${AT}}[$__rate_interval]))`,
            legend: 'Queries',
            unit: 'reqps',
          },
          { expr: `sum(process_resident_memory_bytes{${AT}})`, legend: 'Memory', unit: 'bytes' },
        ]),
      ],
    },
    { panels: [upTimeline('Targets', { expr: 'up', legend: '{{job}} {{instance}}' })] },
    {
      title: 'Scraping',
      panels: [
        lines('Scrape duration', [{ expr: 'max by (job) (scrape_duration_seconds)', legend: '{{job}}' }], {
          unit: 's',
        }),
        lines(
          'Samples of a scrape',
          [{ expr: 'sum by (job) (scrape_samples_post_metric_relabeling)', legend: '{{job}}' }],
          { decimals: 0 }
        ),
      ],
    },
    {
      title: 'Storage',
      panels: [
        lines(
          'Samples stored',
          [
            {
              expr: `rate(prometheus_tsdb_head_samples_appended_total{${AT}}[$__rate_interval])`,
              legend: '{{type}} {{instance}}',
            },
          ],
          { unit: 'cps' }
        ),
        lines('Series in memory', [{ expr: `prometheus_tsdb_head_series{${AT}}`, legend: '{{instance}}' }], {
          decimals: 0,
        }),
        lines(
          'Bytes on disk',
          [{ expr: `prometheus_tsdb_storage_blocks_bytes{${AT}}`, legend: 'blocks {{instance}}' }],
          { unit: 'bytes' }
        ),
        lines('Chunks in memory', [{ expr: `prometheus_tsdb_head_chunks{${AT}}`, legend: '{{instance}}' }]),
      ],
    },
    {
      title: 'Answering',
      panels: [
        lines(
          'Requests by path',
          [
            {
              expr: `topk(8, sum by (handler) (rate(prometheus_http_requests_total{${AT}}[$__rate_interval])))`,
              legend: '{{handler}}',
            },
          ],
          { unit: 'reqps' }
        ),
        lines(
          'Query duration, 90th percentile',
          [
            {
              expr: `max by (slice) (prometheus_engine_query_duration_seconds{quantile="0.9",${AT}})`,
              legend: '{{slice}}',
            },
          ],
          { unit: 's' }
        ),
        lines('Memory', [{ expr: `process_resident_memory_bytes{${AT}}`, legend: '{{instance}}' }], { unit: 'bytes' }),
        lines('CPU', [{ expr: `rate(process_cpu_seconds_total{${AT}}[$__rate_interval])`, legend: '{{instance}}' }], {
          unit: 'percentunit',
        }),
      ],
    },
  ],
};
