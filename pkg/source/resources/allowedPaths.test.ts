import { readResourcePath } from './allowedPaths';

describe('readResourcePath', () => {
  it.each([
    'api/v1/labels',
    'api/v1/series',
    'api/v1/query',
    'api/v1/query_range',
    'api/v1/query_exemplars',
    'api/v1/format_query',
    'api/v1/parse_query',
  ])('lets %s be asked both ways', (path) => {
    expect(readResourcePath(path)?.methods).toBe('GET or POST');
  });

  it.each([
    'api/v1/label/job/values',
    'api/v1/label/a%20b/values',
    'api/v1/label/cpu%25/values',
    '/api/v1/label/%EC%9D%B4%EB%A6%84/values',
    'api/v1/l%61bel/job/values',
    'api/v1/label/U__a_2e_b/values',
    'api/v1/metadata',
    'api/v1/rules',
    'api/v1/alerts',
    'api/v1/status/buildinfo',
    'api/v1/targets/metadata',
    'api/v1/search/metric_names',
  ])('lets %s be read', (path) => {
    expect(readResourcePath(path)?.methods).toBe('GET');
  });

  it.each([
    '',
    'metrics',
    '-/quit',
    '-/reload',
    'api/v1/admin/tsdb/delete_series',
    'api/v1/status/config',
    'api/v1/write',
    'api/v1/labels/',
    'api//v1/labels',
    'api/v1/labels/../admin/tsdb/snapshot',
    'api/v1/label/../values',
    'api/v1/label/%2e%2E/values',
    'api/v1/label/.%2e/values',
    'api/v1/label/%/values',
    'api/v1/label/%00/values',
    'api/v1/label/a?b/values',
    'api/v1/label/a/b/values',
    'api/v1/labels?x',
    'API/v1/labels',
    'api/v1/label/a%2Fb/values',
    'api/v1/label/a%2f..%2f..%2fadmin/values',
    'api/v1/label/a%2f..%2f..%2fstatus%2fconfig%3f/values',
    'api/v1/label/..%5c..%5cadmin/values',
    'api/v1/label/%252e%252e/values',
    'api/v1/label/a%252f..%252fb/values',
    'api/v1/label/a%25252f..%25252fb/values',
    'api/v1/label/a%252f..%252fb%25zz/values',
    'api/v1/label/..;/values',
    'api/v1/label/..%3b/values',
    'api/v1/label/a%23/values',
    'api/v1/label/a%0d%0aHost:%20x/values',
    'api/v1/label/a%C2%85b/values',
    'api/v1/label/%c0%af/values',
    'api/v1/label/a%2525252525252fb/values',
    'api/v1%2flabels',
    '%2e%2e/api/v1/labels',
    'http://evil/api/v1/labels',
  ])('refuses "%s"', (path) => {
    expect(readResourcePath(path)?.methods).toBeUndefined();
  });
});

it('sends each segment as it was compared, in one spelling', () => {
  const sent = (path: string): string | undefined => readResourcePath(path)?.path;
  expect(sent('/api/v1/label/ü a%25/values')).toBe('api/v1/label/%C3%BC%20a%25/values');
  expect(sent('api/v1/%6cabels')).toBe('api/v1/labels');
  expect(sent('api/v1/label/U__a_2f_b/values')).toBe('api/v1/label/U__a_2f_b/values');
});
