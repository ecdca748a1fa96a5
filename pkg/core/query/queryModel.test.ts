import { parseQueryModel } from './queryModel';

describe('parseQueryModel', () => {
  it('knows where to read from in any case of letters, and refuses what it does not know', () => {
    expect(parseQueryModel({ readFrom: 'Archive', recordedQuery: ' cpu ' })).toMatchObject({
      readFrom: 'archive',
      recordedQuery: 'cpu',
    });
    expect(() => parseQueryModel({ readFrom: 'postgres' })).toThrow('must be one of prometheus, archive, both');
    expect(() => parseQueryModel({ readFrom: 1 })).toThrow('readFrom');
    expect(parseQueryModel({ aggregate: 'Max' }).aggregate).toBe('max');
    expect(() => parseQueryModel({ aggregate: 'median' })).toThrow(
      '"aggregate" must be one of none, min, max, avg, sum, count, last, not "median".'
    );
  });

  // [Q1.1]
  it('fills every default, and makes a query without flags a range query', () => {
    expect(parseQueryModel({ expr: 'up' })).toEqual({
      queryType: '',
      readFrom: 'prometheus',
      recordedQuery: '',
      aggregate: 'none',
      expr: 'up',
      range: true,
      instant: false,
      exemplar: false,
      format: 'time_series',
      legendFormat: '',
      interval: '',
      intervalMs: 0,
      intervalFactor: 0,
      utcOffsetSec: 0,
      filters: { scopes: [], adhoc: [], groupBy: [] },
      resultFormat: 'series',
      keep: false,
      summary: { metrics: [], groupBy: '' },
    });
  });

  // [Q1.2]
  it('is a range query when only exemplars are asked for, and not when instant is', () => {
    expect(parseQueryModel({ exemplar: true })).toMatchObject({ range: true, instant: false });
    expect(parseQueryModel({ instant: true })).toMatchObject({ range: false, instant: true });
    expect(parseQueryModel({ instant: true, range: true })).toMatchObject({ range: true, instant: true });
  });

  // [Q1.1]
  it('reads keys in any case, the last one winning, and null as absent', () => {
    const model = parseQueryModel({ EXPR: 'a', Expr: 'up', expr: null, LegendFormat: 'x', intervalms: null });
    expect(model).toMatchObject({ expr: 'up', legendFormat: 'x', intervalMs: 0 });
  });

  it('ignores unknown keys', () => {
    expect(parseQueryModel({ expr: 'up', editorMode: 7, datasource: [], requestId: {} }).expr).toBe('up');
  });

  it.each([
    [0, 'time_series'],
    [1, 'time_series'],
    [2, 'table'],
    [3, 'heatmap'],
    [4, 'time_series'],
    [-1, 'time_series'],
    [1.5, 'time_series'],
    ['heatmap', 'heatmap'],
    ['other', 'time_series'],
    [{}, 'time_series'],
  ])('never fails on the format %p', (format, expected) => {
    expect(parseQueryModel({ format }).format).toBe(expected);
  });

  it('cuts a fractional interval off', () => {
    expect(parseQueryModel({ intervalMs: 1234.9 }).intervalMs).toBe(1234);
  });

  it.each([
    [{ expr: 5 }, 'error unmarshaling query: "expr" of the query must be a text, not the number 5'],
    [{ range: 'true' }, 'error unmarshaling query: "range" of the query must be true or false, not a string'],
    [{ intervalMs: '1' }, 'error unmarshaling query: "intervalMs" of the query must be a number, not a string'],
    [
      { intervalFactor: 1.5 },
      'error unmarshaling query: "intervalFactor" of the query must be a whole number, not the number 1.5',
    ],
    [{ adhocFilters: {} }, 'error unmarshaling query: "adhocFilters" of the query must be a list, not an object'],
    [null, 'error unmarshaling query: the query must be an object, not null'],
    [[], 'error unmarshaling query: the query must be an object, not a list'],
  ])('says what is wrong in %j', (json, message) => {
    expect(() => parseQueryModel(json)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID', message }));
  });

  it('reads scopes, filters and group-by keys', () => {
    const filter = { key: 'zone', operator: 'equals', value: 'eu' };
    const model = parseQueryModel({
      scopes: [{ title: 't', filters: [filter] }, { filters: null }],
      adhocFilters: [{ key: 'a', operator: 'one-of', values: ['p', 'q'] }],
      groupByKeys: ['job'],
    });
    expect(model.filters).toEqual({
      scopes: [{ ...filter, values: [] }],
      adhoc: [{ key: 'a', operator: 'one-of', value: '', values: ['p', 'q'] }],
      groupBy: ['job'],
    });
  });

  it("reads Promkeep's own options, and an unknown result format as the usual one", () => {
    const json = { resultFormat: 'standard', keep: true, summary: { metrics: ['a'], groupBy: 'instance' } };
    expect(parseQueryModel(json)).toMatchObject(json);
    expect(parseQueryModel({ resultFormat: 'new' }).resultFormat).toBe('series');
  });
});
