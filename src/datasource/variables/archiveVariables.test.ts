import { archiveParams, parseArchiveValues, parseArchiveVariable } from './archiveVariables';
import { dateTime } from '@grafana/data';

describe('parseArchiveVariable', () => {
  it.each([
    ['archive_label_values(cpu_usage, instance)', 'labels', { query: 'cpu_usage', label: 'instance' }],
    [
      ' archive_label_values( cpu usage{job=~"a,(b)|}", x="1"} , instance ) ',
      'labels',
      { query: 'cpu usage', match: '{job=~"a,(b)|}", x="1"}', label: 'instance' },
    ],
    ['archive_label_names(cpu_usage)', 'labels', { query: 'cpu_usage' }],
    ['archive_series(cpu_usage{job="a"})', 'series', { query: 'cpu_usage', match: '{job="a"}' }],
  ])('reads %s', (text, resource, params) => {
    expect(parseArchiveVariable(text)).toEqual({ resource: `promkeep/api/archive/${resource}`, params });
  });

  it.each([
    'label_values(up, instance)',
    'archive_up{job="a"}',
    'archive_rows_total',
    '',
    'query_result(archive_x(y))',
  ])('leaves %s to Prometheus', (text) => {
    expect(parseArchiveVariable(text)).toBeUndefined();
  });

  it.each([
    'archive_label_values(cpu_usage)',
    'archive_label_values()',
    'archive_label_names(a, b)',
    'archive_series({job="a"})',
    'archive_values(a)',
    'archive_label_values(a, b',
  ])('says how it is written for %s', (text) => {
    expect(() => parseArchiveVariable(text)).toThrow('archive_label_values(recorded_query, label)');
  });
});

describe('archiveParams', () => {
  it('adds the range in seconds', () => {
    const range = { from: dateTime(1_500), to: dateTime(3_000), raw: { from: 'now-1h', to: 'now' } };
    const asked = { resource: 'r', params: { query: 'a' } };
    expect(archiveParams(asked, range)).toEqual({ query: 'a', start: '1.5', end: '3' });
  });
});

describe('parseArchiveValues', () => {
  it('takes values, names and series, and nothing of another shape', () => {
    expect(parseArchiveValues({ values: ['a', 1, 'b'] })).toEqual([{ text: 'a' }, { text: 'b' }]);
    expect(parseArchiveValues({ labels: ['job'] })).toEqual([{ text: 'job' }]);
    expect(parseArchiveValues({ series: [{ __name__: 'up', job: 'a "b"' }, {}] })).toEqual([
      { text: 'up{job="a \\"b\\""}' },
      { text: '{}' },
    ]);
    expect(parseArchiveValues(undefined)).toEqual([]);
  });
});
