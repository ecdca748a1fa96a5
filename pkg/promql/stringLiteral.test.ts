import { unquote } from './stringLiteral';

it.each([
  ['"a"', 'a'],
  ["'a'", 'a'],
  ['`a\\n"\n`', 'a\\n"\n'],
  ['""', ''],
  ['"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\u0007\b\f\n\r\t\v\\"'],
  ["'it\\'s'", "it's"],
  ['"\\x41\\101\\u00e9\\U0001f600"', 'AAé😀'],
  ['"\\xc3\\xa9"', 'é'],
  ['"é😀"', 'é😀'],
])('reads %s', (literal, value) => {
  expect(unquote(literal)).toBe(value);
});

it('tells bytes apart that make no UTF-8', () => {
  expect(unquote('"\\xff"')).not.toBe(unquote('"\\xfe"'));
  expect(unquote('"\\xff"')).toBe(unquote('"\\377"'));
});

it.each([
  '"',
  '"a',
  '"\\"',
  '"\\q"',
  '"\\\'"',
  "'\\\"'",
  '"a\nb"',
  '"a"b"',
  '"\\x4"',
  '"\\400"',
  '"\\ud800"',
  '`',
  '`a`b`',
])('refuses %j', (literal) => {
  expect(unquote(literal)).toBeUndefined();
});
