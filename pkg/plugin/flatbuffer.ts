/**
 * A flatbuffer writer that knows just what Arrow's metadata needs. It writes forwards: a table before the things it points
 * to, so every offset is positive as the format demands, and no sizes have to be known in advance.
 */
export type FlatValue =
  | { kind: 'bool' | 'int8' | 'int16' | 'int32' | 'int64'; value: number }
  | { kind: 'string'; text: string }
  | { kind: 'table'; table: FlatTable }
  | { kind: 'tables'; tables: readonly FlatTable[] }
  /** A vector of structs that consist of `perStruct` 64-bit integers. */
  | { kind: 'structs'; perStruct: number; values: readonly number[] };

/** The fields of a table by slot; `undefined` leaves the slot at its default. */
export type FlatTable = ReadonlyArray<FlatValue | undefined>;

const SIZES = { bool: 1, int8: 1, int16: 2, int32: 4, int64: 8 } as const;
const OFFSET_BYTES = 4;
const TWO_TO_32 = 4294967296;

/** Writes flatbuffers one after the other into one growing scratch buffer. */
export class FlatbufferWriter {
  private bytes = Buffer.alloc(4096);
  private end = 0;

  /** Forgets what was written; views of earlier flatbuffers are no longer valid. */
  reset(): void {
    this.end = 0;
  }

  /** Appends one flatbuffer, padded to 8 bytes, and returns where it lies in the scratch buffer. */
  append(root: FlatTable): { start: number; end: number } {
    this.pad(8);
    const start = this.end;
    const at = this.grow(OFFSET_BYTES);
    this.bytes.writeUInt32LE(this.writeTable(root) - start, at);
    this.pad(8);
    return { start, end: this.end };
  }

  /** A view of what was appended, valid until the next `append` or `reset`. */
  view(range: { start: number; end: number }): Uint8Array {
    return this.bytes.subarray(range.start, range.end);
  }

  private writeTable(fields: FlatTable): number {
    const vtableBytes = 4 + 2 * fields.length;
    this.pad(2);
    const vtable = this.grow(vtableBytes);
    // every table starts at a multiple of 8, so aligning its fields relative to it aligns them in the file
    this.pad(8);
    const table = this.grow(OFFSET_BYTES);
    this.bytes.writeInt32LE(table - vtable, table);

    const positions = fields.map((field, slot) => {
      const position = field === undefined ? 0 : this.reserve(field);
      this.bytes.writeUInt16LE(position === 0 ? 0 : position - table, vtable + 4 + 2 * slot);
      return position;
    });
    this.bytes.writeUInt16LE(vtableBytes, vtable);
    this.bytes.writeUInt16LE(this.end - table, vtable + 2);

    fields.forEach((field, slot) => field && this.fill(field, positions[slot]));
    return table;
  }

  private reserve(field: FlatValue): number {
    const size = field.kind in SIZES ? SIZES[field.kind as keyof typeof SIZES] : OFFSET_BYTES;
    this.pad(size);
    return this.grow(size);
  }

  private fill(field: FlatValue, at: number): void {
    switch (field.kind) {
      case 'bool':
      case 'int8':
        this.bytes.writeUInt8(field.value, at);
        break;
      case 'int16':
        this.bytes.writeInt16LE(field.value, at);
        break;
      case 'int32':
        this.bytes.writeInt32LE(field.value, at);
        break;
      case 'int64':
        this.writeInt64(field.value, at);
        break;
      default: {
        // `this.bytes` may be replaced while the child is written, so the child comes first
        const child = this.writeChild(field);
        this.bytes.writeUInt32LE(child - at, at);
      }
    }
  }

  private writeChild(field: Exclude<FlatValue, { value: number }>): number {
    switch (field.kind) {
      case 'string':
        return this.writeString(field.text);
      case 'table':
        return this.writeTable(field.table);
      case 'tables':
        return this.writeTables(field.tables);
      case 'structs':
        return this.writeStructs(field.perStruct, field.values);
    }
  }

  private writeString(text: string): number {
    const length = Buffer.byteLength(text);
    this.pad(4);
    const at = this.grow(4 + length + 1);
    this.bytes.writeUInt32LE(length, at);
    this.bytes.write(text, at + 4, 'utf8');
    return at;
  }

  private writeTables(tables: readonly FlatTable[]): number {
    this.pad(4);
    const at = this.grow(4 + OFFSET_BYTES * tables.length);
    this.bytes.writeUInt32LE(tables.length, at);
    tables.forEach((table, i) => {
      const position = at + 4 + OFFSET_BYTES * i;
      const child = this.writeTable(table);
      this.bytes.writeUInt32LE(child - position, position);
    });
    return at;
  }

  private writeStructs(perStruct: number, values: readonly number[]): number {
    this.pad(8);
    this.grow(4);
    const at = this.grow(4 + 8 * values.length);
    this.bytes.writeUInt32LE(values.length / perStruct, at);
    values.forEach((value, i) => this.writeInt64(value, at + 4 + 8 * i));
    return at;
  }

  private writeInt64(value: number, at: number): void {
    this.bytes.writeUInt32LE(value % TWO_TO_32, at);
    this.bytes.writeUInt32LE(Math.floor(value / TWO_TO_32), at + 4);
  }

  private pad(alignment: number): void {
    this.grow(-this.end & (alignment - 1));
  }

  /** Makes room for zeroed bytes and returns where they start. */
  private grow(size: number): number {
    const start = this.end;
    this.end += size;
    if (this.end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(this.end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, start);
      this.bytes = larger;
    }
    this.bytes.fill(0, start, this.end);
    return start;
  }
}
