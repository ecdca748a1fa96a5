import fc from 'fast-check';
import { readRe2 } from './re2Match';

describe('readRe2', () => {
  it.each<[pattern: string, matching: string[], other: string[]]>([
    ['node-.*', ['node-1', 'node-'], ['xnode-1', 'node']],
    ['a|b', ['a', 'b'], ['ab', '', 'xa']],
    ['', [''], ['a']],
    ['.+', ['a', 'a\nb', '✓', '😀'], ['']],
    ['(?i)api', ['API', 'aPi'], ['apis']],
    ['a(?i)b|c', ['aB', 'C', 'c'], ['AB']],
    ['(?i:a)b', ['Ab'], ['AB']],
    ['(?i)[^k]', ['a'], ['k', 'K', '\u212a']],
    ['(?i)k', ['K', '\u212a'], ['l']],
    ['[[:alpha:]_][[:alnum:]_]*', ['_a1'], ['1a']],
    ['[^0-9.]+', ['abc'], ['a1', '.']],
    ['[]a]', [']', 'a'], ['b']],
    ['[a-]', ['a', '-'], ['b']],
    ['\\d{1,3}(\\.\\d{1,3}){3}:9100', ['10.0.0.1:9100'], ['10.0.0:9100', '10.0.0.1:91000']],
    ['x{0}', [''], ['x']],
    ['x{2,}', ['xx', 'xxxx'], ['x']],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['(?P<name>a)(?<other>b)(?:c)', ['abc'], ['ab']],
    ['\\x41\\x{1F600}\\.', ['A😀.'], ['A😀x']],
    ['\\bfoo\\b', ['foo'], ['foox']],
    ['foo\\B.*', ['foox'], ['foo', 'foo x']],
    ['^(?:a$|b)', ['a', 'b'], ['ab']],
    ['a$b', [], ['ab', 'a']],
    ['(a*)*b', ['b', 'aab'], ['a']],
    ['(?-s).', ['a'], ['\n']],
    ['\\S\\s', ['a ', '\u00a0\n'], ['a\u00a0', 'a\v']],
    ['[\\D]', ['a', '😀'], ['1']],
    ['\\w\\W', ['a-', '_é'], ['aa', 'é-']],
    ['a*?b+?c??', ['b', 'aabbc'], ['ac']],
    ['\\pL+', ['é', 'Ж漢'], ['1', '']],
    ['\\Qa.b\\E', ['a.b'], ['axb']],
    ['(?m)^a$.b', ['a\nb'], ['axb']],
    ['(?-s:.)', ['a'], ['\n']],
  ])('reads %s as Prometheus does', (pattern, matching, other) => {
    const matches = readRe2(pattern).compile();
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(other.filter((text) => matches(text))).toEqual([]);
  });

  it.each([
    ['a(?=b)', 'invalid or unsupported Perl syntax'],
    ['(?<!a)b', 'invalid named capture'],
    ['(a)\\1', 'invalid escape sequence'],
    ['\\p{None}', 'invalid character class range'],
    ['a**', 'invalid nested repetition operator'],
    ['*a', 'missing argument to repetition operator'],
    ['a{1001}', 'invalid repeat count'],
    ['a{3,2}', 'invalid repeat count'],
    ['((a{1000}){1000})', 'invalid repeat count'],
    ['[z-a]', 'invalid character class range'],
    ['[a', 'missing closing ]'],
    ['(a', 'missing closing )'],
    ['(a\\)', 'missing closing )'],
    ['a)', 'unexpected )'],
    ['a\\', 'trailing backslash'],
    ['\ud800', 'invalid UTF-8'],
  ])('refuses %.20s as RE2 does', (pattern, reason) => {
    expect(() => readRe2(pattern)).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }));
    expect(() => readRe2(pattern)).toThrow(reason);
  });

  it.each([
    ['(a|b|c)', ['a', 'b', 'c'], ['', 'ab', '(a']],
    ['a|', ['a', ''], ['b']],
    ['a\\.b|\\(c\\)|d\\|e|\\\\', ['a.b', '(c)', 'd|e', '\\'], ['axb', 'd', 'e']],
    ['é|a\nb', ['é', 'a\nb'], ['b']],
  ])('looks up what is a list of values: %j', (pattern, matching, other) => {
    expect(readRe2(pattern).size).toBe(0);
    const matches = readRe2(pattern).compile();
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(other.filter((text) => matches(text))).toEqual([]);
  });

  it('agrees with JavaScript where both mean the same', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '\\d',
      '1',
      '(a|b)',
      '(?:b1)?',
      'a*',
      'b+',
      '(ab){0,2}'
    );
    const pattern = fc.array(fc.oneof(atom, fc.constant('|')), { maxLength: 8 }).map((parts) => parts.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', '1', '\n'), { maxLength: 8 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, text, (source, value) => {
        expect(readRe2(source).compile()(value)).toBe(new RegExp(`^(?:${source})$`, 's').test(value));
      }),
      { numRuns: 2_000 }
    );
  });
});
