import { type Frame } from '../../core/frames/frame';
import { type BodyLayout, layOutBody, padTo8, writeBody, type WrittenTimes } from './arrowColumns';
import { describeSchema } from './arrowSchema';
import { type FlatTable, type FlatValue, FlatbufferWriter } from './flatbuffer';

const MAGIC = Buffer.from('ARROW1');
const METADATA_V5 = 4;
const HEADER_SCHEMA = 1;
const HEADER_RECORD_BATCH = 3;
/** Before each message: the mark FF FF FF FF and the length of its flatbuffer. */
const PREFIX_BYTES = 8;
const CONTINUATION = 0xffffffff;

/**
 * Turns frames into Arrow IPC files, the form in which Grafana takes them: little endian, metadata V5, no dictionaries, no
 * compression. One encoder serves one response; it reuses its scratch memory from frame to frame, and each file has memory
 * of its own, allocated once.
 */
export class ArrowEncoder {
  private readonly metadata = new FlatbufferWriter();
  private readonly lastTimes: WrittenTimes = {};

  /**
   * One frame as one complete file. Throws `INTERNAL` when its fields differ in length.
   *
   * @param refId for frames that have none
   */
  encode(frame: Frame, refId: string): Uint8Array {
    const layout = layOutBody(frame.fields);
    const hasBatch = frame.fields.length > 0;

    this.metadata.reset();
    // the schema stands in the file twice: in its own message and in the footer
    const schema: FlatValue = { kind: 'copy', of: this.metadata.prepare(describeSchema(frame, refId)) };
    const schemaMessage = this.metadata.append(describeMessage(HEADER_SCHEMA, schema, 0));
    const batchMessage = this.metadata.append(
      hasBatch
        ? describeMessage(HEADER_RECORD_BATCH, { kind: 'table', table: describeBatch(layout) }, layout.bodyBytes)
        : []
    );
    const batchStart = padTo8(MAGIC.length) + PREFIX_BYTES + bytesOf(schemaMessage);
    const bodyStart = batchStart + PREFIX_BYTES + bytesOf(batchMessage);
    const footer = this.metadata.append(
      describeFooter(schema, hasBatch ? [batchStart, bodyStart - batchStart, layout.bodyBytes] : [])
    );

    const endMark = hasBatch ? bodyStart + layout.bodyBytes : batchStart;
    const footerStart = endMark + PREFIX_BYTES;
    const file = Buffer.from(new ArrayBuffer(footerStart + bytesOf(footer) + 4 + MAGIC.length));
    file.set(MAGIC, 0);
    this.writeMessage(file, padTo8(MAGIC.length), schemaMessage);
    if (hasBatch) {
      this.writeMessage(file, batchStart, batchMessage);
      writeBody(frame.fields, layout, file.subarray(bodyStart), this.lastTimes);
    }
    file.writeUInt32LE(CONTINUATION, endMark);
    file.set(this.metadata.view(footer), footerStart);
    file.writeInt32LE(bytesOf(footer), footerStart + bytesOf(footer));
    file.set(MAGIC, file.length - MAGIC.length);
    return file;
  }

  private writeMessage(file: Buffer, at: number, message: Range): void {
    file.writeUInt32LE(CONTINUATION, at);
    file.writeInt32LE(bytesOf(message), at + 4);
    file.set(this.metadata.view(message), at + PREFIX_BYTES);
  }
}

interface Range {
  start: number;
  end: number;
}

function bytesOf(range: Range): number {
  return range.end - range.start;
}

function describeMessage(headerType: number, header: FlatValue, bodyBytes: number): FlatTable {
  return [
    { kind: 'int16', value: METADATA_V5 },
    { kind: 'int8', value: headerType },
    header,
    { kind: 'int64', value: bodyBytes },
  ];
}

function describeBatch(layout: BodyLayout): FlatTable {
  return [
    { kind: 'int64', value: layout.rows },
    { kind: 'structs', perStruct: 2, values: layout.nodes },
    { kind: 'structs', perStruct: 2, values: layout.buffers },
  ];
}

/** @param block of the record batch: start in the file, bytes before its body, bytes of its body */
function describeFooter(schema: FlatValue, block: number[]): FlatTable {
  return [
    { kind: 'int16', value: METADATA_V5 },
    schema,
    { kind: 'structs', perStruct: 3, values: [] },
    { kind: 'structs', perStruct: 3, values: block },
  ];
}
