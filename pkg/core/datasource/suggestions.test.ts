import { editor, MemoryLogger } from '../../../tests/fakes/callers';
import { MemorySource } from '../../../tests/fakes/memorySource';
import { type ResourceRequest, type ResourceResponse } from '../ports/metricSource';
import { answerResource } from './resourceCalls';
import { escapeLabelName, type SuggestionSelectors } from './suggestions';

class RecordingSource extends MemorySource {
  readonly requests: ResourceRequest[] = [];

  override async resource(request: ResourceRequest): Promise<ResourceResponse> {
    this.requests.push(request);
    return { status: 200, headers: {}, body: new Uint8Array() };
  }
}

async function ask(body: unknown, part: Partial<ResourceRequest> = {}) {
  const source = new RecordingSource({});
  const given: Array<Parameters<SuggestionSelectors>> = [];
  const suggestionSelectors: SuggestionSelectors = (...input) => {
    given.push(input);
    return ['a{x="1"}', 'b'];
  };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'X-Grafana-Cache': 'private, max-age=60', Referer: 'x' };
  const request = {
    method: 'POST',
    path: 'suggestions',
    query: '',
    headers,
    body: new TextEncoder().encode(text),
    ...part,
  };
  const deps = { source, apiRoutes: [], logger: new MemoryLogger(), suggestionSelectors };
  const response = await answerResource(deps, request, editor, new AbortController().signal);
  return { response, asked: source.requests, given };
}

describe('suggestions', () => {
  // [Q4.1]
  it('asks for label names by GET, with what may be cached', async () => {
    const { asked } = await ask({ queries: ['up'], start: '1', end: 2.5, limit: 100 });
    expect(asked).toEqual([
      {
        method: 'GET',
        path: 'api/v1/labels',
        query: new URLSearchParams('match[]=a{x="1"}&match[]=b&start=1&end=2.5&limit=100').toString(),
        headers: { 'x-grafana-cache': 'private, max-age=60' },
        body: new Uint8Array(),
      },
    ]);
  });

  it.each([
    ['job', 'job'],
    ['a/b.c', 'U__a_2f_b_2e_c'],
  ])('asks for the values of %s', async (labelName, inPath) => {
    const { asked } = await ask({ labelName, limit: 0 });
    expect(asked[0].path).toBe(`api/v1/label/${inPath}/values`);
    expect(asked[0].query).not.toContain('limit');
  });

  it('reads filters as queries have them, and expands what would keep a query from being read', async () => {
    const filter = { key: 'a', operator: 'one-of', values: ['1'] };
    const { given } = await ask({
      queries: ['rate(up[$__rate_interval]) + rate(up[${__interval}]) * $__range_s'],
      scopes: [filter],
      adhocFilters: [{ ...filter, value: '2' }],
    });
    expect(given).toEqual([
      [
        ['rate(up[4m0s]) + rate(up[1m]) * 60'],
        { scopes: [{ ...filter, value: '' }], adhoc: [{ ...filter, value: '2' }] },
      ],
    ]);
  });

  it.each(['Suggestions', '/suggestions', 'suggestions/'])('answers at %s, too', async (path) => {
    expect((await ask({}, { path })).asked[0].path).toBe('api/v1/labels');
  });

  it.each([
    ['not JSON', '{', {}, 400, 'not JSON'],
    ['a wrong type', { queries: 'up' }, {}, 400, '"queries" of the request must be a list'],
    ['another method', {}, { method: 'GET' }, 405, 'by POST'],
  ])('refuses %s in the shape of Prometheus', async (_, body, part, status, text) => {
    const { response, asked } = await ask(body, part);
    expect(response.status).toBe(status);
    expect(JSON.parse(new TextDecoder().decode(response.body))).toMatchObject({
      status: 'error',
      error: expect.stringContaining(text),
    });
    expect(asked).toEqual([]);
  });
});

// [Q7.18]
it.each([
  ['job', 'job'],
  ['U__a_2e_b', 'U__a_2e_b'],
  ['1a_b', 'U___31_a__b'],
  ['é😀', 'U___e9__1f600_'],
])('escapes the label name %s', (name, escaped) => {
  expect(escapeLabelName(name)).toBe(escaped);
});
