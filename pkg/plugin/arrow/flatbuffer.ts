/**
 * A flatbuffer writer that knows just what Arrow's metadata needs. It writes forwards: a table before the things it points
 * to, so every offset is positive as the format demands, and no sizes have to be known in advance.
 */
export type FlatValue =
  | { kind: 'bool' | 'int8' | 'int16' | 'int32' | 'int64'; value: number }
  | { kind: 'string'; text: string }
  | { kind: 'table'; table: FlatTable }
  | { kind: 'tables'; tables: readonly FlatTable[] }
  /** A table that was written before: everything in it is relative, so its bytes can be copied. */
  | { kind: 'copy'; of: WrittenTable }
  /** A vector of structs that consist of `perStruct` 64-bit integers. */
  | { kind: 'structs'; perStruct: number; values: readonly number[] };

/** The fields of a table by slot; `undefined` leaves the slot at its default. */
export type FlatTable = ReadonlyArray<FlatValue | undefined>;

/** Where a table and all it points to lie in the scratch buffer; `start` is a multiple of 8. */
export interface WrittenTable {
  start: number;
  table: number;
  end: number;
}

const SIZES = { bool: 1, int8: 1, int16: 2, int32: 4, int64: 8 } as const;
const OFFSET_BYTES = 4;
const TWO_TO_32 = 4294967296;

/** Writes flatbuffers one after the other into one growing scratch buffer. */
export class FlatbufferWriter {
  private bytes = Buffer.alloc(4096);
  private end = 0;

  /** Forgets what was written; views of earlier flatbuffers are no longer valid. */
  reset(): void {
    this.bytes.fill(0, 0, this.end);
    this.end = 0;
  }

  /** Writes a table for later copies. */
  prepare(table: FlatTable): WrittenTable {
    this.pad(8);
    const start = this.end;
    const position = this.writeTable(table);
    return { start, table: position, end: this.end };
  }

  /** Appends one flatbuffer, padded to 8 bytes, and returns where it lies in the scratch buffer. */
  append(root: FlatTable): { start: number; end: number } {
    this.pad(8);
    const start = this.end;
    const at = this.grow(OFFSET_BYTES);
    this.setUint32(this.writeTable(root) - start, at);
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
    this.setUint32(table - vtable, table);

    // first all fields of the table itself, then what they point to
    for (let slot = 0; slot < fields.length; slot++) {
      const field = fields[slot];
      if (field) {
        this.setUint16(this.reserve(field) - table, vtable + 4 + 2 * slot);
      }
    }
    this.setUint16(vtableBytes, vtable);
    this.setUint16(this.end - table, vtable + 2);
    for (let slot = 0; slot < fields.length; slot++) {
      const field = fields[slot];
      if (field) {
        const entry = vtable + 4 + 2 * slot;
        this.fill(field, table + this.bytes[entry] + this.bytes[entry + 1] * 256);
      }
    }
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
        this.bytes[at] = field.value;
        break;
      case 'int16':
        this.setUint16(field.value, at);
        break;
      case 'int32':
        this.setUint32(field.value, at);
        break;
      case 'int64':
        this.setInt64(field.value, at);
        break;
      default:
        this.setUint32(this.writeChild(field) - at, at);
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
      case 'copy':
        return this.writeCopy(field.of);
    }
  }

  private writeString(text: string): number {
    this.pad(4);
    const at = this.grow(4);
    this.reserveCapacity(3 * text.length + 1);
    const length = this.bytes.write(text, this.end, 'utf8');
    this.setUint32(length, at);
    // one more byte: the format wants a zero after the text
    this.grow(length + 1);
    return at;
  }

  private writeTables(tables: readonly FlatTable[]): number {
    this.pad(4);
    const at = this.grow(4 + OFFSET_BYTES * tables.length);
    this.setUint32(tables.length, at);
    for (let i = 0; i < tables.length; i++) {
      const position = at + 4 + OFFSET_BYTES * i;
      this.setUint32(this.writeTable(tables[i]) - position, position);
    }
    return at;
  }

  private writeStructs(perStruct: number, values: readonly number[]): number {
    this.pad(8);
    this.grow(4);
    const at = this.grow(4 + 8 * values.length);
    this.setUint32(values.length / perStruct, at);
    for (let i = 0; i < values.length; i++) {
      this.setInt64(values[i], at + 4 + 8 * i);
    }
    return at;
  }

  private writeCopy(of: WrittenTable): number {
    this.pad(8);
    const at = this.grow(of.end - of.start);
    this.bytes.copyWithin(at, of.start, of.end);
    return at + of.table - of.start;
  }

  private setUint16(value: number, at: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
  }

  private setUint32(value: number, at: number): void {
    this.bytes[at] = value;
    this.bytes[at + 1] = value >>> 8;
    this.bytes[at + 2] = value >>> 16;
    this.bytes[at + 3] = value >>> 24;
  }

  private setInt64(value: number, at: number): void {
    this.setUint32(value % TWO_TO_32, at);
    this.setUint32(Math.floor(value / TWO_TO_32), at + 4);
  }

  private pad(alignment: number): void {
    this.grow(-this.end & (alignment - 1));
  }

  /** Takes bytes, zero until written, and returns where they start. */
  private grow(size: number): number {
    this.reserveCapacity(size);
    const start = this.end;
    this.end += size;
    return start;
  }

  private reserveCapacity(size: number): void {
    if (this.end + size > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(this.end + size, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
  }
}
