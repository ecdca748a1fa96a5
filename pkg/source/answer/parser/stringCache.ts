const SLOTS = 1024;
/** Longer texts are rarely repeated, and comparing them costs more. */
export const CACHED_LENGTH = 96;

/**
 * Label names and values repeat from series to series. Finding the text already made for the same bytes is cheaper than
 * making it again, and 10,000 series then share their texts in memory.
 */
export class StringCache {
  private readonly texts: Array<string | undefined> = new Array<string | undefined>(SLOTS);

  /** The text of the ASCII bytes `[start, end)`; `hash` must be the same for the same bytes. */
  get(buffer: Buffer, start: number, end: number, hash: number): string {
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    const known = this.texts[slot];
    if (known !== undefined && equals(known, buffer, start, end)) {
      return known;
    }
    const text = buffer.toString('latin1', start, end);
    this.texts[slot] = text;
    return text;
  }
}

function equals(text: string, buffer: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) {
    return false;
  }
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== buffer[start + i]) {
      return false;
    }
  }
  return true;
}
