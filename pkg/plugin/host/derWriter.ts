/** The few parts of ASN.1's distinguished encoding (X.690) that a certificate needs. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag, length and the parts as content. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) {
    return [length];
  }
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) {
    bytes.unshift(rest & 0xff);
  }
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => der(TAG.set, ...parts);
export const octets = (content: Uint8Array): Buffer => der(TAG.octetString, content);
export const utf8 = (text: string): Buffer => der(TAG.utf8String, Buffer.from(text));
export const isTrue = (): Buffer => der(TAG.boolean, Buffer.of(0xff));

/** A positive integer from its big-endian bytes, which must not begin with a zero byte. */
export function unsigned(bytes: Uint8Array): Buffer {
  const sign = bytes[0] >= 0x80 ? [0] : [];
  return der(TAG.integer, Buffer.from([...sign, ...bytes]));
}

/** @param unusedBits how many bits of the last byte do not count */
export function bits(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(TAG.bitString, Buffer.of(unusedBits), bytes);
}

/** @param dotted e.g. `1.2.840.10045.4.3.2` */
export function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  return der(TAG.objectId, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const bytes = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) {
    bytes.unshift(0x80 | (rest & 0x7f));
  }
  return bytes;
}

/** Whole seconds. X.509 wants two digits of the year before 2050 and four from then on. */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/\.\d+Z$|[-:T]/g, '') + 'Z';
  return text < '2050' ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.generalizedTime, Buffer.from(text));
}

/** An explicit tag of the context. */
export const tagged = (number: number, content: Uint8Array): Buffer => der(0xa0 | number, content);
