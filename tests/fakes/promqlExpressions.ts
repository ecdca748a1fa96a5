import fc from 'fast-check';
import { quoteGo } from '../../pkg/core/model/goQuote';
import { type LabelFilter, type QueryFilters } from '../../pkg/core/query/queryModel';

/**
 * Random expressions that a Prometheus 2.42 takes: every kind of term, with names, labels and strings that look like other
 * parts of the language. An expression is a list of tokens, to be written with any spaces and comments between them (a range
 * is one token: Prometheus 2 takes no comment in it).
 */
export type Tokens = readonly string[];

export const METRICS = ['m_total', 'm_gauge', 'm_bucket', 'sum', 'start', 'rule:of:m'] as const;
/** Of `topk`: more than there are series, so that equal values leave Prometheus no choice. */
const ALL_OF_THEM = '99';
const LABELS = ['a', 'b', 'le', 'on', 'by', 'offset'] as const;
const VALUES = [
  '',
  '1',
  '2',
  '}',
  'm_gauge{a="1"}',
  '# no comment',
  "it's",
  'back`quote',
  '\\',
  '"',
  'line\nbreak',
  'é😀',
];
const PATTERNS = ['1', '1|2', '.*', '[12]', '(?i)x|1', '\\d+', ''];

const metric = fc.constantFrom(...METRICS);
const label = fc.constantFrom(...LABELS);
const value = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary', maxLength: 5 }));

/** In each of the three quotes, where they can hold the text. */
function literal(text: string): fc.Arbitrary<string> {
  const double = quoteGo(text).replaceAll('\ufffd', '\\ufffd');
  const single = `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  const raw = /[`\r\ufffd\0]/.test(text) ? [] : [`\`${text}\``];
  return fc.constantFrom(double, single, ...raw);
}

const matcher: fc.Arbitrary<Tokens> = fc
  .record({
    name: label,
    text: value,
    pattern: fc.constantFrom(...PATTERNS),
    kind: fc.constantFrom('=', '!=', '=~', '!~'),
  })
  .chain(({ name, text, pattern, kind }) =>
    literal(kind.includes('~') ? pattern : text).map((written): Tokens => [name, kind, written])
  );

const selector: fc.Arbitrary<Tokens> = fc
  .record({
    name: metric,
    matchers: fc.array(matcher, { maxLength: 3 }),
    inBraces: fc.boolean(),
    trailing: fc.boolean(),
  })
  .map(({ name, matchers, inBraces, trailing }): Tokens => {
    const all = inBraces ? [...matchers, ['__name__', '=', `"${name}"`]] : matchers;
    const items = separate(all, ',');
    const braces = all.length > 0 || trailing ? ['{', ...items, ...(trailing && all.length > 0 ? [','] : []), '}'] : [];
    return inBraces ? braces : [name, ...braces];
  });

const modifier: fc.Arbitrary<Tokens> = fc.constantFrom<Tokens>(
  [],
  [],
  ['offset', '1s'],
  ['offset', '-', '1s'],
  ['@', 'end', '(', ')'],
  ['@', 'start', '(', ')', 'offset', '2s']
);

const labels: fc.Arbitrary<Tokens> = fc.uniqueArray(label, { maxLength: 3 }).map((names) => [
  '(',
  ...separate(
    names.map((name) => [name]),
    ','
  ),
  ')',
]);

/** An expression that gives a vector. */
export const vectorExpression: fc.Arbitrary<Tokens> = fc.letrec<{ vector: Tokens; scalar: Tokens }>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    concat(selector, modifier),
    concat(['rate', '('], selector, ['[4s]'], modifier, [')']),
    concat(word('abs', 'absent', 'sort', '-', '+', 'timestamp'), ['('], tie('vector'), [')']),
    concat(['clamp_max', '('], tie('vector'), [','], tie('scalar'), [')']),
    concat(['max_over_time', '('], tie('vector').map(inParentheses), ['[3s:1s]'], modifier, [')']),
    concat(['histogram_quantile', '(', '0.9', ','], tie('vector'), [')']),
    concat(['label_replace', '('], tie('vector'), [',', '"b"', ',', '"x{}"', ',', "'a'", ',', '`(.*)`', ')']),
    concat(word('sum', 'max', 'COUNT'), ['('], tie('vector'), [')']),
    concat(word('sum', 'Min'), word('by', 'WITHOUT'), labels, ['('], tie('vector'), [')']),
    concat(['count', '('], tie('vector'), [')'], word('by', 'without'), labels),
    concat(
      word('topk', 'bottomk'),
      word('by', 'without'),
      labels,
      ['('],
      word('1', ALL_OF_THEM),
      [','],
      tie('vector'),
      [')']
    ),
    concat(['count_values', '(', '"b"', ','], tie('vector'), [')'], word('by', 'without'), labels),
    concat(tie('vector').map(inParentheses), word('+', '*', '>', '== bool', '%'), tie('scalar')),
    concat(tie('scalar'), word('-', '/', '<=', '!= bool'), tie('vector').map(inParentheses)),
    concat(
      tie('vector').map(inParentheses),
      word('+', '/', '>', '== bool', 'and', 'or', 'UNLESS'),
      fc.oneof(fc.constant<Tokens>([]), concat(word('on', 'IGNORING'), labels)),
      tie('vector').map(inParentheses)
    ),
    concat(
      tie('vector').map(inParentheses),
      ['*', 'on', '(', 'a', ')', 'group_left', '(', ')'],
      tie('vector').map(inParentheses)
    )
  ),
  scalar: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<Tokens>(['1'], ['.5'], ['0x1F'], ['1e3'], ['time', '(', ')'], ['-', '2']),
    concat(['scalar', '('], tie('vector'), [')']),
    concat(['('], tie('scalar'), word('+', '^'), tie('scalar'), [')'])
  ),
})).vector;

/** Spaces and comments; a comment may hold anything up to the end of its line. */
const gap = fc.constantFrom(' ', '  ', '\n', '\r\n', '\t', ' # up{a="1"} it\'s "open\n', '\n# sum by (a) (\r\n  ');

/** The tokens with the smallest spaces, and with others between the same tokens. */
export function writtenTwice(tokens: fc.Arbitrary<Tokens>): fc.Arbitrary<{ plain: string; spaced: string }> {
  return tokens.chain((all) =>
    fc
      .array(gap, { minLength: all.length, maxLength: all.length })
      .map((gaps) => ({ plain: all.join(' '), spaced: all.map((token, i) => token + gaps[i]).join('') }))
  );
}

const filter: fc.Arbitrary<LabelFilter> = fc
  .record({
    key: fc.oneof(label, fc.constantFrom('zone', 'job', '__name__')),
    operator: fc.constantFrom('equals', 'not-equals', 'regex-match', 'regex-not-match', 'one-of', 'not-one-of'),
    text: value,
    pattern: fc.constantFrom(...PATTERNS),
    values: fc.array(value, { maxLength: 3 }),
  })
  .map(({ key, operator, text, pattern, values }) => ({
    key,
    operator,
    value: operator.startsWith('regex') ? pattern : text,
    values,
  }));

export const queryFilters: fc.Arbitrary<QueryFilters> = fc.record({
  scopes: fc.array(filter, { maxLength: 3 }),
  adhoc: fc.array(filter, { maxLength: 3 }),
  groupBy: fc.array(fc.oneof(label, fc.constant('job')), { maxLength: 2 }),
});

function word(...words: string[]): fc.Arbitrary<Tokens> {
  return fc.constantFrom(...words).map((one) => one.split(' '));
}

function concat(...parts: Array<Tokens | fc.Arbitrary<Tokens>>): fc.Arbitrary<Tokens> {
  const all = parts.map((part) => (part instanceof fc.Arbitrary ? part : fc.constant(part)));
  return fc.tuple(...all).map((tokens) => tokens.flat());
}

function inParentheses(tokens: Tokens): Tokens {
  return ['(', ...tokens, ')'];
}

function separate(items: readonly Tokens[], separator: string): string[] {
  return items.flatMap((item, i) => (i === 0 ? item : [separator, ...item]));
}
