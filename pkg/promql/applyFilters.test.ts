import { type LabelFilter, type QueryFilters } from '../core/query/queryModel';
import { applyFilters } from './applyFilters';

function filter(key: string, operator: string, value: string | string[]): LabelFilter {
  return typeof value === 'string' ? { key, operator, value, values: [] } : { key, operator, value: '', values: value };
}

function filters(part: Partial<QueryFilters>): QueryFilters {
  return { scopes: [], adhoc: [], groupBy: [], ...part };
}

const adhoc = (...all: LabelFilter[]): QueryFilters => filters({ adhoc: all });
const scopes = (...all: LabelFilter[]): QueryFilters => filters({ scopes: all });
const a = (operator: string, value: string | string[]): LabelFilter => filter('a', operator, value);

describe('selectors', () => {
  const b = adhoc(filter('b', 'equals', 'x'));

  it.each([
    ['up', 'up{b="x"}'],
    ['up{}', 'up{b="x"}'],
    ['up{ }', 'up{b="x" }'],
    ['up{a="1"}', 'up{a="1",b="x"}'],
    ['up{a="1", c="2"}', 'up{a="1", c="2", b="x"}'],
    ['up{a="1",}', 'up{a="1",b="x",}'],
    ['{"my.metric"}', '{"my.metric",b="x"}'],
    ['{"my.metric", "c.d"="2"}', '{"my.metric", "c.d"="2", b="x"}'],
    ['{__name__=~"a.*"}', '{__name__=~"a.*",b="x"}'],
    ['sum', 'sum{b="x"}'],
    ['rate(up[5m] offset -1m)', 'rate(up{b="x"}[5m] offset -1m)'],
    ['max_over_time(up[1h:1m] @ end())', 'max_over_time(up{b="x"}[1h:1m] @ end())'],
    ['a/b', 'a{b="x"}/b{b="x"}'],
    ['new_function(up, 2)', 'new_function(up{b="x"}, 2)'],
    ['limitk(2, up) + mad_over_time(up[5m])', 'limitk(2, up{b="x"}) + mad_over_time(up{b="x"}[5m])'],
    ['time() + 5 * vector(1)', 'time() + 5 * vector(1)'],
  ])('are narrowed: %s', (expr, expected) => {
    expect(applyFilters(expr, b)).toBe(expected);
  });

  // [Q7.14]
  it('keeps comments, line breaks and spelling', () => {
    const expr = '# up{a="1"} first\nSUM  (\n  up { # why\n    a = "1" , # because\n  }\n) # {b="2"}\r\n';
    expect(applyFilters(expr, b)).toBe(expr.replace('a = "1"', 'a = "1",b="x"'));
  });

  it('leaves strings alone', () => {
    const expr = `label_replace(up, "up{}", 'up', "sum(up)", ".*")`;
    expect(applyFilters(expr, b)).toBe(expr.replace('up,', 'up{b="x"},'));
  });

  it('leaves the labels that info() adds alone', () => {
    expect(applyFilters('info(up, {k8s=~".+"})', b)).toBe('info(up{b="x"}, {k8s=~".+"})');
  });

  it('replaces what a selector says about the label, every time', () => {
    expect(applyFilters('up{b!="1",c="2","b"=~"3"} + up', b)).toBe('up{b="x",c="2","b"="x"} + up{b="x"}');
  });

  it('replaces only what the text says, not what a comment says', () => {
    expect(applyFilters('up{a="1" # b="2"\n,b="3"}', b)).toBe('up{a="1" # b="2"\n,b="x"}');
    expect(applyFilters('up{ b !~ # why\n "3" }', b)).toBe('up{ b = # why\n "x" }');
  });

  it('narrows by an exclusion, and does not put it in the place of a narrower condition', () => {
    const exclusion = adhoc(filter('job', 'not-equals', 'x'));
    expect(applyFilters('{job="a"}', exclusion)).toBe('{job="a",job!="x"}');
    expect(applyFilters('up{job!="x"}', exclusion)).toBe('up{job!="x"}');
  });

  it('turns the name into a condition when a filter asks for another one', () => {
    const name = adhoc(filter('__name__', 'regex-match', 'node.*'));
    expect(applyFilters('up', name)).toBe('{__name__="up",__name__=~"node.*"}');
    expect(applyFilters('up{a="1"}', name)).toBe('{a="1",__name__="up",__name__=~"node.*"}');
    expect(applyFilters('{"my.metric",a="1"}', name)).toBe('{__name__="my.metric",a="1",__name__=~"node.*"}');
    expect(applyFilters('{__name__="up"}', name)).toBe('{__name__="up",__name__=~"node.*"}');
  });

  it('quotes names that are not plain', () => {
    expect(applyFilters('up', adhoc(filter('a.b', 'equals', '1')))).toBe('up{"a.b"="1"}');
    expect(applyFilters('up', adhoc(filter('a"b', 'equals', '1')))).toBe('up{"a\\"b"="1"}');
  });

  // [Q7.14]
  it('keeps a value from leaving its quotes', () => {
    const value = '"} or {x="\\\n\u0000é';
    expect(applyFilters('up', adhoc(filter('b', 'equals', value)))).toBe('up{b="\\"} or {x=\\"\\\\\\n\\x00é"}');
  });
});

describe('operators', () => {
  it.each([
    [a('equals', 'x.y'), 'a="x.y"'],
    [a('not-equals', 'x.y'), 'a!="x.y"'],
    [a('regex-match', 'x.y'), 'a=~"x.y"'],
    [a('regex-not-match', 'x|y'), 'a!~"x|y"'],
    [a('one-of', ['x.y', 'z']), 'a=~"x\\\\.y|z"'],
    [a('not-one-of', ['x', '(z)']), 'a!~"x|\\\\(z\\\\)"'],
    [a('one-of', 'x'), 'a=~"x"'],
    [a('one-of', ['a-b/c d']), 'a=~"a-b/c d"'],
  ])('%j', (one, matcher) => {
    expect(applyFilters('up', adhoc(one))).toBe(`up{${matcher}}`);
    expect(applyFilters('up', scopes(one))).toBe(`up{${matcher}}`);
  });

  it.each(['', 'greater', 'Equals'])('refuses the operator "%s"', (operator) => {
    const run = (): string => applyFilters('up', adhoc(a(operator, 'x')));
    expect(run).toThrow(expect.objectContaining({ code: 'QUERY_INVALID', message: `unknown operator "${operator}"` }));
  });

  it('refuses a filter without a label', () => {
    expect(() => applyFilters('up', adhoc(filter('', 'equals', 'x')))).toThrow('no label name');
  });
});

describe('filters on one label', () => {
  it.each<[string, QueryFilters, string]>([
    ['scopes add up what they want', scopes(a('equals', 'e.u'), a('equals', 'us')), 'a=~"e\\\\.u|us"'],
    ['scopes add up what they exclude', scopes(a('not-equals', 'a'), a('not-equals', 'b')), 'a!~"a|b"'],
    ['the same twice is once', scopes(a('equals', 'x'), a('equals', 'x')), 'a="x"'],
    ['both kinds stay', scopes(a('regex-match', 'p.*'), a('not-equals', 'p1')), 'a=~"p.*",a!="p1"'],
    ['a flag stays within its expression', scopes(a('regex-match', '(?i)x'), a('equals', 'y')), 'a=~"y|(?:(?i)x)"'],
    ['lists and values mix', scopes(a('one-of', ['x', 'y']), a('equals', 'z')), 'a=~"x|y|z"'],
    ['the last ad hoc filter wins', adhoc(a('equals', 'x'), a('equals', 'y')), 'a="y"'],
    ['ad hoc exclusions add up', adhoc(a('not-equals', 'a'), a('not-equals', 'b')), 'a!~"a|b"'],
    [
      'an ad hoc filter wins over scopes',
      filters({ scopes: [a('equals', 'x'), a('not-equals', 'z')], adhoc: [a('equals', 'y')] }),
      'a="y"',
    ],
    [
      'an ad hoc exclusion narrows the scope',
      filters({ scopes: [a('regex-match', 'p.*')], adhoc: [a('not-equals', 'p1')] }),
      'a=~"p.*",a!="p1"',
    ],
  ])('%s', (_, all, matchers) => {
    expect(applyFilters('up', all)).toBe(`up{${matchers}}`);
  });
});

describe('group-by keys', () => {
  const keys = (...groupBy: string[]): QueryFilters => filters({ groupBy });

  it.each([
    ['sum(up)', 'sum by (job) (up)'],
    ['sum (up)', 'sum by (job) (up)'],
    ['sum by (a) (up)', 'sum by (a, job) (up)'],
    ['sum by(a,b)(up)', 'sum by(a,b,job)(up)'],
    ['sum(up) by (a, b,)', 'sum(up) by (a, b, job,)'],
    ['sum by () (up)', 'sum by (job) (up)'],
    ['sum by (job) (up)', 'sum by (job) (up)'],
    ['sum by ("job") (up)', 'sum by ("job") (up)'],
    ['sum without (job) (up)', 'sum without () (up)'],
    ['sum without (job, a) (up)', 'sum without (a) (up)'],
    ['sum without (a, job) (up)', 'sum without (a) (up)'],
    ['sum without (a,job,) (up)', 'sum without (a,) (up)'],
    ['sum without (a) (up)', 'sum without (a) (up)'],
    ['sum without (job, # one, two\n a) (up)', 'sum without (# one, two\n a) (up)'],
    ['topk(5, sum(up))', 'topk by (job) (5, sum by (job) (up))'],
    ['a / on (x) b', 'a / on (x) b'],
    ['rate(up[5m])', 'rate(up[5m])'],
  ])('%s', (expr, expected) => {
    expect(applyFilters(expr, keys('job', 'job', ''))).toBe(expected);
  });

  it('takes several keys from a list, wherever they stand', () => {
    expect(applyFilters('sum without (x, a, y, b, z) (up)', keys('a', 'b', 'z'))).toBe('sum without (x, y) (up)');
    expect(applyFilters('sum without (a, b, z) (up)', keys('a', 'b', 'z'))).toBe('sum without () (up)');
  });

  it('quotes keys that could not stand in a list', () => {
    expect(applyFilters('sum(up)', keys('a.b', 'nan', 'offset'))).toBe('sum by ("a.b", "nan", offset) (up)');
  });
});

// [Q1.6]
it('does all of it at once, as Grafana does', () => {
  const all = filters({
    scopes: [filter('zone', 'equals', 'eu'), filter('zone', 'equals', 'us')],
    adhoc: [filter('a', 'one-of', ['p', 'q'])],
    groupBy: ['job'],
  });
  expect(applyFilters('sum(rate(up{b="1",zone=~"x"}[1m])) # c', all)).toBe(
    'sum by (job) (rate(up{b="1",zone=~"eu|us",a=~"p|q"}[1m])) # c'
  );
});

it('leaves an expression alone when nothing is asked, even one it cannot read', () => {
  expect(applyFilters('sum(', filters({ groupBy: [''] }))).toBe('sum(');
});

it('refuses an expression it cannot read rather than leave a filter out', () => {
  expect(() => applyFilters('sum(', adhoc(a('equals', 'x')))).toThrow(
    expect.objectContaining({ code: 'QUERY_INVALID', message: expect.stringContaining('line 1, column 5') })
  );
});
