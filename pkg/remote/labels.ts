import { type Label } from '../core/model/rawSeries';

/**
 * The order of series in remote read: by the UTF-8 bytes of names and values, label by label, the shorter list first. A
 * reader relies on it, down to the last bit of `stddev` and the ties of `topk`.
 */
export function compareLabels(a: readonly Label[], b: readonly Label[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareUtf8(a[i].name, b[i].name) || compareUtf8(a[i].value, b[i].value);
    if (order !== 0) {
      return order;
    }
  }
  return a.length - b.length;
}

/** As the bytes of both texts in UTF-8 would compare: characters beyond U+FFFF come last, which UTF-16 puts before U+E000. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) {
      return rank(left) - rank(right);
    }
  }
  return a.length - b.length;
}

function rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}
