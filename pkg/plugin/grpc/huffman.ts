import { HUFFMAN_BITS } from './hpackTables';

const LONGEST_CODE_BITS = 30;
/** What follows the last byte's code is the beginning of the end mark, and shorter than a byte. */
const MAX_PADDING_BITS = 7;

interface CodeTable {
  /** By length: the first code of that length, how many there are, and where their bytes start in `bytes`. */
  first: number[];
  count: number[];
  start: number[];
  /** All bytes in the order of their codes. */
  bytes: number[];
}

/** The canonical code that belongs to the lengths: each code is its predecessor plus one, shifted to its own length. */
function buildTable(bitsOf: readonly number[]): CodeTable {
  const table: CodeTable = { first: [0], count: [0], start: [0], bytes: [] };
  let code = 0;
  for (let bits = 1; bits <= LONGEST_CODE_BITS; bits++) {
    const ofThisLength = bitsOf.flatMap((length, byte) => (length === bits ? [byte] : []));
    code *= 2;
    table.first.push(code);
    table.count.push(ofThisLength.length);
    table.start.push(table.bytes.length);
    table.bytes.push(...ofThisLength);
    code += ofThisLength.length;
  }
  return table;
}

const TABLE = buildTable(HUFFMAN_BITS);

/** Decodes a text of RFC 7541, section 5.2. Returns `undefined` when the bytes are no such text. */
export function decodeHuffman(encoded: Uint8Array): string | undefined {
  const { first, count, start, bytes } = TABLE;
  let text = '';
  let [code, bits] = [0, 0];
  for (const byte of encoded) {
    for (let mask = 0x80; mask > 0; mask >>= 1) {
      code = code * 2 + (byte & mask ? 1 : 0);
      bits++;
      if (bits > LONGEST_CODE_BITS) {
        return undefined;
      }
      const index = code - first[bits];
      if (index < count[bits]) {
        text += String.fromCharCode(bytes[start[bits] + index]);
        [code, bits] = [0, 0];
      }
    }
  }
  const paddingIsOnes = code === 2 ** bits - 1;
  return bits <= MAX_PADDING_BITS && paddingIsOnes ? text : undefined;
}
