import { PbfWriter } from 'pbf';
import { type Chunk, type Label } from '../../core/model/rawSeries';
import { decodeHistogramChunk } from '../chunks/histogramDecoder';
import { countSamples, decodeXorChunk } from '../chunks/xorChunk';
import { type NativeHistogram } from '../nativeHistogram';
import { SampleColumns } from '../sampleColumns';
import { blockHead, compressPiece, literalPiece, varint } from '../snappy';
import { bytesTag } from '../wire/fields';
import { writeHistogram } from './histogram';
import { writeLabels } from './label';
import { MAX_SAMPLE_BYTES, writeSamples } from './timeSeries';

/** What is compressed at a time: two of snappy's own pieces. */
const PIECE_BYTES = 128 * 1024;

/** Of a field that holds a message: in `ReadResponse` the results, in a result its series. */
const NESTED = bytesTag(1);

/**
 * A whole answer (`SAMPLES`) as the body that is sent, made of chunks series by series, so that only its packed bytes are ever in
 * memory. What a message's length is comes out behind it, and is put in front in a snappy piece of its own.
 */
export class SampledResponse {
  /** Samples so far, histograms among them. */
  samples = 0;
  /** Packed, so far. */
  bytes = 0;
  private readonly pieces: Uint8Array[] = [];
  private readonly writer = new PbfWriter(new Uint8Array(2 * PIECE_BYTES));
  private readonly columns = new SampleColumns();
  /** Unpacked, without what is in the writer. */
  private length = 0;

  /** Begins the answer to the next query. Returns what ends it, before another begins. */
  beginResult(): () => void {
    return this.beginMessage();
  }

  /**
   * Adds a series; yields wherever a piece is packed, some milliseconds of work apart.
   * @throws CodecError when a chunk is damaged
   */
  *add(labels: readonly Label[], chunks: readonly Chunk[]): Generator<void> {
    const count = chunks.reduce((sum, { data }) => sum + countSamples(data), 0);
    this.samples += count;
    if (count * MAX_SAMPLE_BYTES < PIECE_BYTES && chunks.every(({ encoding }) => encoding === 'xor')) {
      this.writer.writeMessage(
        1,
        () => {
          writeLabels(labels, this.writer);
          chunks.forEach(({ data }) => this.writeFloats(data));
        },
        undefined
      );
      yield* this.packFrom(PIECE_BYTES);
      return;
    }
    const end = this.beginMessage();
    writeLabels(labels, this.writer);
    for (const { encoding, data } of chunks) {
      if (encoding === 'xor') {
        this.writeFloats(data);
        yield* this.packFrom(PIECE_BYTES);
        continue;
      }
      for (const histogram of histogramsOf(encoding, data)) {
        this.writer.writeMessage(4, writeHistogram, histogram);
        yield* this.packFrom(PIECE_BYTES);
      }
    }
    end();
  }

  /** The body, in pieces, once every result has ended. @throws CodecError beyond 4 GiB unpacked */
  end(): Uint8Array[] {
    this.pack();
    return [blockHead(this.length), ...this.pieces];
  }

  private writeFloats(data: Uint8Array): void {
    const { columns } = this;
    columns.length = 0;
    decodeXorChunk(data, columns);
    const timesMs = columns.timesMs.subarray(0, columns.length);
    // the memory of the bits, seen as numbers
    writeSamples({ timesMs, values: new Float64Array(columns.bits.buffer, 0, columns.length) }, this.writer);
  }

  private beginMessage(): () => void {
    this.pack();
    const place = this.pieces.push(literalPiece(Uint8Array.of(NESTED))) - 1;
    const before = this.length;
    return () => {
      this.pack();
      const head = Uint8Array.of(NESTED, ...varint(this.length - before));
      this.pieces[place] = literalPiece(head);
      this.length += head.length;
    };
  }

  private *packFrom(leastBytes: number): Generator<void> {
    if (this.writer.pos >= leastBytes) {
      this.pack();
      yield;
    }
  }

  private pack(): void {
    const { writer } = this;
    if (writer.pos > 0) {
      const packed = compressPiece(writer.buf.subarray(0, writer.pos));
      this.pieces.push(packed);
      this.length += writer.pos;
      this.bytes += packed.length;
      writer.pos = 0;
    }
  }
}

/** What a chunk says of a reset before its first histogram is about one that may not be there: Prometheus says nothing of it. */
function* histogramsOf(encoding: Exclude<Chunk['encoding'], 'xor'>, data: Uint8Array): Generator<NativeHistogram> {
  let isFirst = true;
  for (const histogram of decodeHistogramChunk(encoding === 'histogram' ? 'integer' : 'float', data)) {
    yield isFirst && histogram.reset !== 'gauge' ? { ...histogram, reset: 'unknown' } : histogram;
    isFirst = false;
  }
}
