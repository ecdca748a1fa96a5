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
  varintTag,
  writeMessage,
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

export function encodeChunkedResponse(response: ChunkedResponse): Uint8Array {
  return writeMessage(writeResponse, response);
}

function writeResponse({ series, queryIndex }: ChunkedResponse, writer: PbfWriter): void {
  series.forEach((one) => writer.writeMessage(1, writeSeries, one));
  writer.writeVarintField(2, queryIndex);
}

function writeSeries({ labels, chunks }: ChunkedSeries, writer: PbfWriter): void {
  writeLabels(labels, writer);
  chunks.forEach((chunk) => writer.writeMessage(2, writeChunk, chunk));
}

function writeChunk({ minTimeMs, maxTimeMs, encoding, data }: Chunk, writer: PbfWriter): void {
  writer.writeVarintField(1, minTimeMs);
  writer.writeVarintField(2, maxTimeMs);
  writer.writeVarintField(3, ENCODINGS.indexOf(encoding));
  writer.writeBytesField(4, data);
}
