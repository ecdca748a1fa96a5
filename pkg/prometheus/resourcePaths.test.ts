import { allowedMethods, escapePath } from './resourcePaths';

describe('allowedMethods', () => {
  it.each([
    'api/v1/labels',
    'api/v1/series',
    'api/v1/query',
    'api/v1/query_range',
    'api/v1/query_exemplars',
    'api/v1/format_query',
    'api/v1/parse_query',
  ])('lets %s be asked both ways', (path) => {
    expect(allowedMethods(path)).toBe('GET or POST');
  });

  it.each([
    'api/v1/label/job/values',
    'api/v1/label/a%2Fb%20c/values',
    'api/v1/label/U__a_2e_b/values',
    'api/v1/metadata',
    'api/v1/rules',
    'api/v1/alerts',
    'api/v1/status/buildinfo',
    'api/v1/targets/metadata',
    'api/v1/search/metric_names',
  ])('lets %s be read', (path) => {
    expect(allowedMethods(path)).toBe('GET');
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
    'http://evil/api/v1/labels',
  ])('refuses "%s"', (path) => {
    expect(allowedMethods(path)).toBeUndefined();
  });
});

it('escapes what a path may not hold and leaves escapes alone', () => {
  expect(escapePath('api/v1/label/ü a%2Fb/values')).toBe('api/v1/label/%C3%BC%20a%2Fb/values');
});
