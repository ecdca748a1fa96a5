import { STATIC_HEADERS } from './hpackTables';
import { decodeHuffman } from './huffman';

/** The size RFC 7541 starts with; we never announce another. */
const MAX_TABLE_BYTES = 4096;
/** What an entry counts for besides its texts. */
const ENTRY_BYTES = 32;
/** No real number in a header block needs more; longer ones would overflow. */
const MAX_NUMBER_BYTES = 5;

type Header = readonly [name: string, value: string];

/** A header block that breaks RFC 7541; nothing later on the connection can be read. */
export class HpackError extends Error {}

/** Reads the header blocks of one connection, which must all pass through here in order, since later ones refer to earlier. */
export class HpackDecoder {
  /** Newest first. */
  private readonly recent: Header[] = [];
  private recentBytes = 0;
  private limitBytes = MAX_TABLE_BYTES;
  private block: Uint8Array = new Uint8Array(0);
  private at = 0;

  /** Of headers with the same name the last one counts. Throws `HpackError`. */
  decode(block: Uint8Array): Map<string, string> {
    this.block = block;
    this.at = 0;
    const headers = new Map<string, string>();
    while (this.at < block.length) {
      const header = this.next(block[this.at]);
      if (header) {
        headers.set(header[0], header[1]);
      }
    }
    return headers;
  }

  private next(first: number): Header | undefined {
    if (first >= 0x80) {
      return this.lookUp(this.number(7));
    }
    if (first >= 0x40) {
      const header = this.literal(6);
      this.remember(header);
      return header;
    }
    if (first >= 0x20) {
      this.resize(this.number(5));
      return undefined;
    }
    return this.literal(4);
  }

  private literal(prefixBits: number): Header {
    const index = this.number(prefixBits);
    const name = index === 0 ? this.text() : this.lookUp(index)[0];
    return [name, this.text()];
  }

  private lookUp(index: number): Header {
    const found =
      index <= STATIC_HEADERS.length ? STATIC_HEADERS[index - 1] : this.recent[index - STATIC_HEADERS.length - 1];
    if (!found) {
      throw new HpackError(`no header has the index ${index}`);
    }
    return found;
  }

  private remember(header: Header): void {
    this.recent.unshift(header);
    this.recentBytes += bytesOf(header);
    this.evict();
  }

  private resize(bytes: number): void {
    if (bytes > MAX_TABLE_BYTES) {
      throw new HpackError(`a table of ${bytes} bytes was not offered`);
    }
    this.limitBytes = bytes;
    this.evict();
  }

  private evict(): void {
    while (this.recentBytes > this.limitBytes) {
      const oldest = this.recent.pop();
      this.recentBytes -= oldest ? bytesOf(oldest) : this.recentBytes;
    }
  }

  private number(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.byte() & mask;
    if (value < mask) {
      return value;
    }
    for (let i = 0; i < MAX_NUMBER_BYTES; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        return value;
      }
    }
    throw new HpackError('a number is too long');
  }

  private text(): string {
    const isHuffman = (this.block[this.at] & 0x80) !== 0;
    const length = this.number(7);
    const end = this.at + length;
    if (end > this.block.length) {
      throw new HpackError('a text is cut off');
    }
    const bytes = this.block.subarray(this.at, end);
    this.at = end;
    const text = isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes).toString('latin1');
    if (text === undefined) {
      throw new HpackError('a text is not Huffman code');
    }
    return text;
  }

  private byte(): number {
    if (this.at >= this.block.length) {
      throw new HpackError('the block is cut off');
    }
    return this.block[this.at++];
  }
}

function bytesOf([name, value]: Header): number {
  return name.length + value.length + ENTRY_BYTES;
}
