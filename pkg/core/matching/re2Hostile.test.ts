import { compileMatchers } from './matchLabels';
import { readRe2 } from './re2Match';

/** On two busy cores; alone these take a tenth of it. */
const PATIENCE_MS = 2_000;

const LONG_NAMES = Array.from({ length: 300 }, (_, i) => `node-${i * 7919}\\.dc${i % 7}.*`).join('|');
const WIDE_RANGE = '[B-\\x{1e942}]';

/** How long it took, and the code of the error or `undefined`. */
function outcome(work: () => unknown): { ms: number; code: string | undefined } {
  const startMs = performance.now();
  let code: string | undefined;
  try {
    work();
  } catch (error) {
    code = String((error as { code?: unknown }).code);
  }
  return { ms: performance.now() - startMs, code };
}

describe('a pattern of a Viewer that wants to stop the process', () => {
  it.each([
    ['nested repetitions of nothing', '(((x{0}){1000}){1000}){1000}'],
    ['nested repetitions', '((x{10}){10}){10}'.repeat(600)],
    ['a row of repetitions', 'x{1000}'.repeat(1_000)],
    ['optional repetitions', 'a{0,1000}'.repeat(1_000)],
    ['repeated classes', '[\\pL\\pN]{1000}'.repeat(600)],
    ['a repeated long text', `(?:${'ab'.repeat(500)}){1000}`],
    ['many tables', `[${'\\pL'.repeat(3_000)}]`],
    ['wide ranges without case', `(?i)${WIDE_RANGE.repeat(700)}`],
    ['negated wide ranges without case', `(?i)${'[^B-\u{1e942}]'.repeat(700)}`],
    ['flags together', `(?si)${WIDE_RANGE.repeat(700)}`],
    ['deep groups', '('.repeat(4_000) + ')'.repeat(4_000)],
    ['open classes', '[[:'.repeat(3_000)],
    ['a long pattern', 'a.'.repeat(500_000)],
    ['a long list', 'a|'.repeat(500_000)],
    ['escaped bars', '\\|'.repeat(30_000)],
  ])('is read or refused in time: %s', (_, pattern) => {
    const text = 'node-17.rack-4.dc2.example.com:9100';
    const { ms, code } = outcome(() => compileMatchers([{ name: 'a', operator: '=~', value: pattern }])({ a: text }));
    expect([undefined, 'QUERY_INVALID', 'LIMIT_EXCEEDED']).toContain(code);
    expect(ms).toBeLessThan(PATIENCE_MS);
  });

  it.each([
    ['(a+)+(b|a)*c', 'a'.repeat(100_000)],
    ['(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[a-z]x', 'a'.repeat(100_000)],
    [`${'a?'.repeat(2_500)}${'a'.repeat(2_500)}`, 'a'.repeat(10_000)],
    ['(.?.?.?.?.?){1000}', 'ab'.repeat(50_000)],
    ['(a|b)*a(a|b){900}', 'ab'.repeat(5_000)],
    [`(?:${'.?'.repeat(3_000)})x`, 'ab'.repeat(50)],
  ])('matches %.40s or gives it up in time', (pattern, text) => {
    const matches = readRe2(pattern).compile();
    const { ms, code } = outcome(() => matches(text));
    expect([undefined, 'LIMIT_EXCEEDED']).toContain(code);
    expect(ms).toBeLessThan(PATIENCE_MS);
  });

  it('finds no way round the limits by many matchers', () => {
    const each = (value: string, count: number): unknown =>
      compileMatchers(Array.from({ length: count }, (_, i) => ({ name: `a${i}`, operator: '=~', value })));
    expect(outcome(() => each('(.a){100}', 51)).code).toBe('LIMIT_EXCEEDED');
    expect(outcome(() => each('(.a){400}', 50)).code).toBe('LIMIT_EXCEEDED');
    expect(outcome(() => each('(.a){50}', 50)).code).toBeUndefined();
  });
});

it('leaves alone what people write', () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `node-${i * 7919}.dc${i % 7}.example.com:9100`);
  const count = (pattern: string): number => texts.filter(readRe2(pattern).compile()).length;
  expect(count(LONG_NAMES)).toBe(300);
  expect(count(texts.slice(0, 1_500).join('|').replaceAll('.', '\\.'))).toBe(1_500);
  const address = '10\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}';
  expect(count(Array(100).fill(address).join('|'))).toBe(0);
  expect(count('(?i)NODE-\\d{1,9}\\.dc[0-3]\\..*')).toBe(texts.filter((text) => /dc[0-3]/.test(text)).length);
});
