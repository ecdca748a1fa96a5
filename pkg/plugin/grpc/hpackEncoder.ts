const STATUS_200 = 0x88;
/** Bits of a text's length that fit its first byte. */
const LENGTH_PREFIX = 0x7f;

/** `:status: 200`, with which every answer begins. */
export const STATUS_OK_BLOCK = Buffer.of(STATUS_200);

/**
 * Headers as literals without Huffman code and without entries in the table: an answer has three, and a table would have to be
 * kept in step with the other side's.
 *
 * @param headers names in lower case; values in ASCII
 */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(headers).flatMap(([name, value]) => [
    Buffer.of(0),
    lengthOf(name),
    Buffer.from(name, 'latin1'),
    lengthOf(value),
    Buffer.from(value, 'latin1'),
  ]);
  return Buffer.concat(parts);
}

function lengthOf(text: string): Buffer {
  if (text.length < LENGTH_PREFIX) {
    return Buffer.of(text.length);
  }
  const bytes = [LENGTH_PREFIX];
  let rest = text.length - LENGTH_PREFIX;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) + 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
