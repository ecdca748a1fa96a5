import { type PbfWriter } from 'pbf';
import { CodecError } from '../codecError';
import {
  bytesTag,
  type Fields,
  readMessage,
  readNested,
  readText,
  readUnsigned,
  varintTag,
  writeMessage,
  writeText,
} from '../wire/fields';
import { maxSampleBytes, readTimeSeries, type TimeSeries, writeTimeSeries } from './timeSeries';

/** The body of remote write 1.0. */
export interface WriteRequest {
  series: TimeSeries[];
  metadata: MetricMetadata[];
}

export interface MetricMetadata {
  type: MetricType;
  family: string;
  help: string;
  unit: string;
}

export type MetricType = (typeof METRIC_TYPES)[number];

const METRIC_TYPES = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'summary',
  'info',
  'stateset',
] as const;

const METADATA: Fields<MetricMetadata> = {
  [varintTag(1)]: (metadata, reader) => (metadata.type = metricType(readUnsigned(reader))),
  [bytesTag(2)]: (metadata, reader) => (metadata.family = readText(reader)),
  [bytesTag(4)]: (metadata, reader) => (metadata.help = readText(reader)),
  [bytesTag(5)]: (metadata, reader) => (metadata.unit = readText(reader)),
};

const REQUEST: Fields<WriteRequest> = {
  [bytesTag(1)]: ({ series }, reader) => series.push(readTimeSeries(reader)),
  [bytesTag(3)]: ({ metadata }, reader) =>
    metadata.push(readNested(reader, METADATA, { type: 'unknown', family: '', help: '', unit: '' })),
};

function metricType(number: number): MetricType {
  const type = METRIC_TYPES[number];
  if (!type) {
    throw new CodecError('unsupported', `remote write: metric type ${number} is not known`);
  }
  return type;
}

/** @throws CodecError when it is damaged */
export function decodeWriteRequest(bytes: Uint8Array): WriteRequest {
  return readMessage<WriteRequest>(bytes, REQUEST, { series: [], metadata: [] });
}

export function encodeWriteRequest(request: WriteRequest): Uint8Array {
  return writeMessage(writeRequest, request, maxSampleBytes(request.series));
}

function writeRequest({ series, metadata }: WriteRequest, writer: PbfWriter): void {
  series.forEach((one) => writer.writeMessage(1, writeTimeSeries, one));
  metadata.forEach((one) => writer.writeMessage(3, writeMetadata, one));
}

function writeMetadata({ type, family, help, unit }: MetricMetadata, writer: PbfWriter): void {
  writer.writeVarintField(1, METRIC_TYPES.indexOf(type));
  writeText(writer, 2, family);
  writeText(writer, 4, help);
  writeText(writer, 5, unit);
}
