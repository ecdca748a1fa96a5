const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** `\x41`, `\101`, `\u00e9`, `\U0001f600`, or one character after the backslash. */
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^xuU0-7\n]))/y;

/**
 * What a PromQL string literal stands for, by Go's rules: double or single quotes with escapes, backquotes without.
 *
 * `\xff` and `\377` are bytes. Those that make no UTF-8 come out as lone surrogates U+DC80…U+DCFF, so that two texts are
 * equal exactly when Prometheus holds them equal.
 *
 * @returns `undefined` when the literal is not closed or has an escape that Prometheus does not know
 */
export function unquote(literal: string): string | undefined {
  const quote = literal[0];
  if (literal.length < 2 || !literal.endsWith(quote)) {
    return undefined;
  }
  const inner = literal.slice(1, -1);
  if (quote === '`') {
    return inner.includes('`') ? undefined : inner;
  }
  if (inner.includes('\n')) {
    return undefined;
  }
  return inner.includes('\\') || inner.includes(quote) ? unescape(inner, quote) : inner;
}

function unescape(inner: string, quote: string): string | undefined {
  let text = '';
  let bytes: number[] = [];
  const flush = (): void => {
    text += decodeBytes(bytes);
    bytes = [];
  };
  for (let at = 0; at < inner.length;) {
    if (inner[at] !== '\\') {
      if (inner[at] === quote) {
        return undefined;
      }
      flush();
      text += inner[at++];
      continue;
    }
    ESCAPE.lastIndex = at;
    const [whole, hex, octal, short, long, simple] = ESCAPE.exec(inner) ?? [];
    if (whole === undefined) {
      return undefined;
    }
    at += whole.length;
    const code = hex ?? short ?? long;
    const value = octal === undefined ? Number.parseInt(code ?? '0', 16) : Number.parseInt(octal, 8);
    if (hex !== undefined || octal !== undefined) {
      if (value > 0xff) {
        return undefined;
      }
      bytes.push(value);
      continue;
    }
    flush();
    const one = code === undefined ? (simple === quote ? quote : SIMPLE[simple]) : characterOf(value);
    if (one === undefined) {
      return undefined;
    }
    text += one;
  }
  flush();
  return text;
}

function characterOf(rune: number): string | undefined {
  return rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff) ? undefined : String.fromCodePoint(rune);
}

/** Made once, and not `fatal`: a long text may hold ten thousand broken bytes, and each exception takes 10 µs. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

function decodeBytes(bytes: readonly number[]): string {
  if (bytes.length === 0) {
    return '';
  }
  const text = decoder.decode(Uint8Array.from(bytes));
  const written = encoder.encode(text);
  return written.length === bytes.length && bytes.every((byte, i) => byte === written[i])
    ? text
    : bytes.map((byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join('');
}
