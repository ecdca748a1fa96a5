import { type PbfWriter } from 'pbf';
import { bytesTag, type Fields, readMessage, readNested, writeMessage } from '../wire/fields';
import { maxSampleBytes, readTimeSeries, type TimeSeries, writeTimeSeries } from './timeSeries';

/** A whole answer (`SAMPLES`): for each query of the request its series, in their order. */
export type ReadResponse = TimeSeries[][];

const RESULT: Fields<TimeSeries[]> = {
  [bytesTag(1)]: (series, reader) => series.push(readTimeSeries(reader)),
};

const RESPONSE: Fields<ReadResponse> = {
  [bytesTag(1)]: (results, reader) => results.push(readNested(reader, RESULT, [])),
};

/** @throws CodecError when it is damaged */
export function decodeReadResponse(bytes: Uint8Array): ReadResponse {
  return readMessage<ReadResponse>(bytes, RESPONSE, []);
}

export function encodeReadResponse(results: ReadResponse): Uint8Array {
  return writeMessage(writeResults, results, maxSampleBytes(results.flat()));
}

function writeResults(results: ReadResponse, writer: PbfWriter): void {
  results.forEach((series) => writer.writeMessage(1, writeResult, series));
}

function writeResult(series: TimeSeries[], writer: PbfWriter): void {
  series.forEach((one) => writer.writeMessage(1, writeTimeSeries, one));
}
