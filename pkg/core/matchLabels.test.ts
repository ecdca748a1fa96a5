import fc from 'fast-check';
import { compileMatchers } from './matchLabels';
import { compileRe2 } from './re2Match';

describe('compileRe2', () => {
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
  ])('reads %s as Prometheus does', (pattern, matching, other) => {
    const matches = compileRe2(pattern);
    expect(matching.filter((text) => !matches(text))).toEqual([]);
    expect(other.filter((text) => matches(text))).toEqual([]);
  });

  it.each([
    ['a(?=b)', 'not supported'],
    ['(?<!a)b', 'not supported'],
    ['(a)\\1', 'not supported'],
    ['\\pL', 'not supported'],
    ['\\Qa.b\\E', 'not supported'],
    ['(?m)^a$', 'not supported'],
    ['a**', 'repeats a repetition'],
    ['*a', 'nothing to repeat'],
    ['a{1001}', 'bad repetition'],
    ['a{3,2}', 'bad repetition'],
    ['[z-a]', 'bad range'],
    ['[a', 'without its ]'],
    ['(a', 'without its )'],
    ['a)', 'without its ('],
    ['a\\', 'ends in a backslash'],
    ['((a{1000}){1000})', 'too large'],
    ['('.repeat(300) + ')'.repeat(300), 'nested too deeply'],
    ['a'.repeat(10_001), 'longer than'],
  ])('refuses %.20s rather than guess', (pattern, reason) => {
    expect(() => compileRe2(pattern)).toThrow(reason);
  });

  // [A17]
  it('takes no more time for a pattern on which JavaScript hangs', () => {
    const started = performance.now();
    expect(compileRe2('(a+)+(b|a)*c')('a'.repeat(5_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(2_000);
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
        expect(compileRe2(source)(value)).toBe(new RegExp(`^(?:${source})$`, 's').test(value));
      }),
      { numRuns: 2_000 }
    );
  });
});

describe('compileMatchers', () => {
  const labels = { __name__: 'up', job: 'node', instance: 'h:1' };

  it('takes an absent label as the empty text', () => {
    expect(compileMatchers([{ name: 'zone', operator: '=', value: '' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'zone', operator: '!=', value: 'eu' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'zone', operator: '=~', value: '.+' }])(labels)).toBe(false);
    expect(compileMatchers([{ name: 'constructor', operator: '=', value: '' }])(labels)).toBe(true);
    expect(compileMatchers([{ name: 'job', operator: '!~', value: 'n.*' }])(undefined)).toBe(true);
  });

  it('wants all of them to hold', () => {
    const both = compileMatchers([
      { name: 'job', operator: '=~', value: 'node|db' },
      { name: 'instance', operator: '!~', value: 'h:2' },
    ]);
    expect(both(labels)).toBe(true);
    expect(both({ ...labels, instance: 'h:2' })).toBe(false);
  });
});
