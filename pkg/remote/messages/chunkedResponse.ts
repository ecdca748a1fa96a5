import { type PbfWriter } from 'pbf';
import { CodecError } from '../codecError';
import { type Chunk, type ChunkEncoding, type Label } from '../../core/model/rawSeries';
import {
  bytesTag,
  type Fields,
  readBytes,
  readInteger,
  readMessage,
  readNested,
  readUnsigned,
  varintBytes,
  varintTag,
  writeMessage,
  writeRaw,
} from '../wire/fields';
import { readLabel, writeLabels } from './label';

/** Chunks of a series may overlap; their data, when read from a frame, is a view of the frame. */
export interface ChunkedSeries {
  labels: Label[];
  chunks: Chunk[];
}

/** The message of one frame: one series of the query `queryIndex`, or a part of it. */
export interface ChunkedResponse {
  series: ChunkedSeries[];
  queryIndex: number;
}

/** By the numbers of Prometheus' encodings, of which 0 is none. */
const ENCODINGS: Array<ChunkEncoding | undefined> = [undefined, 'xor', 'histogram', 'floatHistogram'];

type WireChunk = Omit<Chunk, 'encoding'> & { encoding: number };

const CHUNK: Fields<WireChunk> = {
  [varintTag(1)]: (chunk, reader) => (chunk.minTimeMs = readInteger(reader)),
  [varintTag(2)]: (chunk, reader) => (chunk.maxTimeMs = readInteger(reader)),
  [varintTag(3)]: (chunk, reader) => (chunk.encoding = readUnsigned(reader)),
  [bytesTag(4)]: (chunk, reader) => (chunk.data = readBytes(reader)),
};

const SERIES: Fields<ChunkedSeries> = {
  [bytesTag(1)]: readLabel,
  [bytesTag(2)]: ({ chunks }, reader) => chunks.push(readChunk(readNested(reader, CHUNK, emptyChunk()))),
};

const RESPONSE: Fields<ChunkedResponse> = {
  [bytesTag(1)]: ({ series }, reader) => series.push(readNested(reader, SERIES, { labels: [], chunks: [] })),
  [varintTag(2)]: (response, reader) => (response.queryIndex = readUnsigned(reader)),
};

function emptyChunk(): WireChunk {
  return { minTimeMs: 0, maxTimeMs: 0, encoding: 0, data: new Uint8Array(0) };
}

function readChunk(chunk: WireChunk): Chunk {
  const encoding = ENCODINGS[chunk.encoding];
  if (!encoding) {
    throw new CodecError('unsupported', `remote read: chunk encoding ${chunk.encoding} is not known`);
  }
  return { ...chunk, encoding };
}

/** @throws CodecError when it is damaged, or holds a chunk of an encoding we do not know */
export function decodeChunkedResponse(bytes: Uint8Array): ChunkedResponse {
  return readMessage<ChunkedResponse>(bytes, RESPONSE, { series: [], queryIndex: 0 });
}

/**
 * Lengths are worked out before anything is written, and labels and chunks copied once.
 * @param roomBytes left free in front of the message
 */
export function encodeChunkedResponse({ series, queryIndex }: ChunkedResponse, roomBytes = 0): Uint8Array {
  const sized = series.map(sizeSeries);
  const messageBytes = sized.reduce((sum, { bytes }) => sum + MAX_HEAD_BYTES + bytes, MAX_HEAD_BYTES);
  const write = (_: unknown, writer: PbfWriter): void => {
    writer.pos = roomBytes;
    sized.forEach((one) => writeSeries(one, writer));
    writer.writeVarintField(2, queryIndex);
  };
  return writeMessage(write, undefined, roomBytes + messageBytes);
}

/** Tag and length of a field, at most. */
const MAX_HEAD_BYTES = 16;

interface SizedSeries {
  /** As fields of the message. */
  labels: Uint8Array;
  chunks: readonly Chunk[];
  chunkBytes: number[];
  bytes: number;
}

function sizeSeries(series: ChunkedSeries): SizedSeries {
  const labels = writeMessage(writeLabels, series.labels, 256);
  const chunkBytes = series.chunks.map(sizeChunk);
  const bytes = chunkBytes.reduce((sum, size) => sum + 1 + varintBytes(size) + size, labels.length);
  return { labels, chunks: series.chunks, chunkBytes, bytes };
}

function sizeChunk({ minTimeMs, maxTimeMs, data }: Chunk): number {
  return 5 + varintBytes(minTimeMs) + varintBytes(maxTimeMs) + varintBytes(data.length) + data.length;
}

function writeSeries({ labels, chunks, chunkBytes, bytes }: SizedSeries, writer: PbfWriter): void {
  writer.writeVarint(bytesTag(1));
  writer.writeVarint(bytes);
  writeRaw(labels, writer);
  chunks.forEach((chunk, i) => {
    writer.writeVarint(bytesTag(2));
    writer.writeVarint(chunkBytes[i]);
    writer.writeVarintField(1, chunk.minTimeMs);
    writer.writeVarintField(2, chunk.maxTimeMs);
    writer.writeVarintField(3, ENCODINGS.indexOf(chunk.encoding));
    writer.writeBytesField(4, chunk.data);
  });
}
