import { type PromkeepError } from '../core/model/errors';
import { type Config } from './config';
import { loadConfig } from './loadConfig';

const HEAD = 'archive:\n  url: postgres://u@h/d\n';

function load(text: string): Config {
  return loadConfig({
    file: { name: 'promkeep.yaml', text },
    environment: {},
    readFile: () => '',
    defaults: {
      recordedQueries: [{ name: 'load', expression: 'node_load1', stepMs: 15_000, retention: '1y' }],
      summaryMetrics: [],
    },
  });
}

function faultsOf(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    return (error as PromkeepError).message.split('\n').slice(1);
  }
  return [];
}

it('reads raw series into definitions beside the recorded queries, with their selectors in one form', () => {
  const { recordedQueries, archive } = load(`${HEAD}  raw_series:
    - name: node
      match: ["{job='node' , instance=~\`a.*\`}", up, 'up{}']
      retention: 2y
    - { name: self, match: [prometheus_build_info] }
`);
  const raw = { raw: true, stepMs: 60_000 };
  expect(recordedQueries.slice(1)).toEqual([
    { name: 'node', expression: 'up\n{instance=~"a.*",job="node"}', retention: '2y', ...raw },
    { name: 'self', expression: 'prometheus_build_info', retention: '1y', ...raw },
  ]);
  expect(recordedQueries[0].name).toBe('load');
  expect(archive?.raw).toEqual({ pieceMs: 1_800_000, settleMs: 43_000 });
});

it('waits for 1.2 scrapes at least, whatever settle says', () => {
  const text = `prometheus: {scrape_interval: 1m}\n${HEAD}  settle: 0s\n  raw_piece: 1h\n`;
  expect(load(text).archive?.raw).toEqual({ pieceMs: 3_600_000, settleMs: 72_000 });
});

it('tells every fault by its path', () => {
  const faults = faultsOf(`${HEAD}  raw_piece: 3h
  raw_series:
    - { name: a-b, match: [] }
    - { match: up, retention: soon }
`);
  expect(faults).toEqual([
    '  - archive.raw_series[0].name: must look like a metric name: letters, digits, _ and :',
    '  - archive.raw_series[0].match: must have at least one series selector',
    '  - archive.raw_series[1].name: is missing',
    '  - archive.raw_series[1].match: must be a list',
    expect.stringContaining('archive.raw_series[1].retention: must be'),
    '  - archive.raw_piece: must be between 1m and 2h',
  ]);
  const others = faultsOf(`${HEAD}  raw_series:
    - { name: load, match: [up] }
    - { name: x, match: ['rate(up[5m])', '{job=~".*"}', '{job="a"'] }
    - { name: x, match: [up] }
`);
  expect(others).toEqual([
    expect.stringContaining('archive.raw_series[0].name: load is there twice'),
    expect.stringContaining('archive.raw_series[1].match[0]: "rate(up[5m])" is not a series selector'),
    expect.stringContaining('archive.raw_series[1].match[1]: match[] must contain at least one non-empty matcher'),
    expect.stringContaining('archive.raw_series[1].match[2]: The PromQL expression has a fault'),
    expect.stringContaining('archive.raw_series[2].name: x is there twice'),
  ]);
});
