import { type Chunk, type Label } from '../../core/model/rawSeries';
import { decodeHistogramChunk } from '../chunks/histogramDecoder';
import { countSamples, decodeXorChunk } from '../chunks/xorChunk';
import { CodecError } from '../codecError';
import { type NativeHistogram } from '../nativeHistogram';
import { SampleColumns } from '../sampleColumns';
import { blockHead, literalPiece, varint } from '../snappy';
import { bytesTag, writeMessage } from '../wire/fields';
import { writeHistogram } from './histogram';
import { writeLabels } from './label';
import { isUsualTime, SnappyWriter } from './snappyWriter';
import { sampleBytes, writeSamples } from './timeSeries';

/** After so much of a message another turn is given; some milliseconds of work. */
const TURN_BYTES = 512 * 1024;

/** Of a field that holds a message: in `ReadResponse` the results, in a result its series. */
const NESTED = bytesTag(1);

/**
 * A whole answer (`SAMPLES`) as the body that is sent, made of chunks series by series and packed while it is made, so that only
 * packed bytes are ever in memory. It says what `compress(encodeReadResponse(…))` says, in a third of the time.
 */
export class SampledResponse {
  /** Samples so far, histograms among them. */
  samples = 0;
  /** Packed, of results that have ended. */
  #packedBytes = 0;
  #plainBytes = 0;
  /** Where the newest turn began. */
  #turnBytes = 0;
  readonly #pieces: Uint8Array[] = [];
  #writer = new SnappyWriter();
  readonly #columns = new SampleColumns();

  /** Packed, so far. */
  get bytes(): number {
    return this.#packedBytes + this.#writer.packedBytes;
  }

  /** Begins the answer to the next query. Returns what ends it, before another begins. */
  beginResult(): () => void {
    return () => {
      const writer = this.#writer;
      const head = Uint8Array.of(NESTED, ...varint(writer.plainBytes));
      this.#pieces.push(literalPiece(head), ...writer.finish());
      this.#plainBytes += head.length + writer.plainBytes;
      this.#packedBytes += writer.packedBytes;
      this.#writer = new SnappyWriter();
    };
  }

  /**
   * Adds a series; yields in between, some milliseconds of work apart.
   * @throws CodecError when a chunk is damaged
   */
  *add(labels: readonly Label[], chunks: readonly Chunk[]): Generator<void> {
    const writer = this.#writer;
    const head = writeMessage((all, to) => writeLabels(all, to), labels, 256);
    const histograms = chunks.filter(({ encoding }) => encoding !== 'xor').map(messageOf);
    const floats = chunks.filter(({ encoding }) => encoding === 'xor');
    const bytes = [head, ...histograms].reduce((sum, { length }) => sum + length, this.#measure(floats));
    writer.write(Uint8Array.of(NESTED, ...varint(bytes)));
    const endBytes = writer.plainBytes + bytes;
    writer.write(head);
    writer.beginSeries();
    for (const chunk of floats) {
      this.#writeFloats(chunk);
      yield* this.#turn();
    }
    for (const message of histograms) {
      writer.write(message);
      yield* this.#turn();
    }
    if (writer.plainBytes !== endBytes) {
      throw new CodecError('broken', 'a chunk holds other times than it says');
    }
    this.samples += chunks.reduce((sum, { data }) => sum + countSamples(data), 0);
  }

  /** The body, in pieces, once every result has ended. @throws CodecError beyond 4 GiB unpacked */
  end(): Uint8Array[] {
    return [blockHead(this.#plainBytes), ...this.#pieces];
  }

  *#turn(): Generator<void> {
    const bytes = this.#plainBytes + this.#writer.plainBytes;
    if (bytes - this.#turnBytes > TURN_BYTES) {
      this.#turnBytes = bytes;
      yield;
    }
  }

  /** What samples take in the message. By what chunks say of their times; decoded only where these have not the usual length. */
  #measure(chunks: readonly Chunk[]): number {
    return chunks.reduce((sum, chunk) => {
      if (isUsualTime(chunk.minTimeMs) && isUsualTime(chunk.maxTimeMs)) {
        return sum + countSamples(chunk.data) * sampleBytes(chunk.minTimeMs);
      }
      const { length, timesMs } = this.#decode(chunk);
      return timesMs.subarray(0, length).reduce((bytes, timeMs) => bytes + sampleBytes(timeMs), sum);
    }, 0);
  }

  #decode({ data }: Chunk): SampleColumns {
    this.#columns.length = 0;
    decodeXorChunk(data, this.#columns);
    return this.#columns;
  }

  #writeFloats(chunk: Chunk): void {
    const writer = this.#writer;
    const { length, timesMs, bits } = this.#decode(chunk);
    for (let i = 0; i < length; i++) {
      if (isUsualTime(timesMs[i])) {
        writer.writeSample(timesMs[i], bits[2 * i], bits[2 * i + 1]);
      } else {
        const values = new Float64Array(bits.slice(2 * i, 2 * i + 2).buffer);
        writer.write(writeMessage(writeSamples, { timesMs: timesMs.slice(i, i + 1), values }, 32));
      }
    }
  }
}

function messageOf({ encoding, data }: Chunk): Uint8Array {
  return writeMessage((kind, writer) => {
    for (const histogram of histogramsOf(kind === 'histogram' ? 'integer' : 'float', data)) {
      writer.writeMessage(4, writeHistogram, histogram);
    }
  }, encoding);
}

/** What a chunk says of a reset before its first histogram is about one that may not be there: Prometheus says nothing of it. */
function* histogramsOf(kind: NativeHistogram['kind'], data: Uint8Array): Generator<NativeHistogram> {
  let isFirst = true;
  for (const histogram of decodeHistogramChunk(kind, data)) {
    yield isFirst && histogram.reset !== 'gauge' ? { ...histogram, reset: 'unknown' } : histogram;
    isFirst = false;
  }
}
