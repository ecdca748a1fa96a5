const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Nearly every label value is this: ASCII that needs no escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Letters, marks, numbers, punctuation, symbols and the ASCII space: what Go prints as it is. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/**
 * A string literal as Go's `strconv.Quote` writes it. A lone surrogate, which no UTF-8 can carry, is written as U+FFFD, the
 * character an encoder would put in its place.
 */
export function quoteGo(text: string): string {
  if (PLAIN.test(text)) {
    return `"${text}"`;
  }
  let quoted = '"';
  for (const char of text) {
    quoted += SHORT[char] ?? (PRINTABLE.test(char) ? char : escapeRune(char.codePointAt(0) ?? 0));
  }
  return quoted + '"';
}

function escapeRune(rune: number): string {
  const hex = rune.toString(16);
  if (rune >= 0xd800 && rune <= 0xdfff) {
    return '\ufffd';
  }
  if (rune < 0x20 || rune === 0x7f) {
    return '\\x' + hex.padStart(2, '0');
  }
  return rune <= 0xffff ? '\\u' + hex.padStart(4, '0') : '\\U' + hex.padStart(8, '0');
}
