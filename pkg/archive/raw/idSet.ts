const PAGE_BITS = 32_768;

/** Numbers of a sequence, some bits each where they lie close together. */
export class IdSet {
  private readonly pages = new Map<number, Uint32Array>();

  has(id: number): boolean {
    const [page, word, bit] = placeOf(id);
    return ((this.pages.get(page)?.[word] ?? 0) & bit) !== 0;
  }

  /** @returns false when it was there already */
  add(id: number): boolean {
    const [page, word, bit] = placeOf(id);
    let bits = this.pages.get(page);
    if (bits === undefined) {
      bits = new Uint32Array(PAGE_BITS / 32);
      this.pages.set(page, bits);
    }
    const isNew = (bits[word] & bit) === 0;
    bits[word] |= bit;
    return isNew;
  }
}

function placeOf(id: number): [page: number, word: number, bit: number] {
  const within = id % PAGE_BITS;
  return [(id - within) / PAGE_BITS, within >>> 5, 1 << (within & 31)];
}
