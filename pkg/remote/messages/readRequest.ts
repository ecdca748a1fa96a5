import { type PbfWriter } from 'pbf';
import { type LabelMatcher } from '../../core/model/labelMatcher';
import { CodecError } from '../codecError';
import {
  bytesTag,
  type Fields,
  packed,
  readInteger,
  readMessage,
  readNested,
  readText,
  readUnsigned,
  varintTag,
  writeMessage,
  writeText,
} from '../wire/fields';

/** How an answer may come: whole, as samples, or as a stream of frames with chunks. */
export type ResponseType = 'SAMPLES' | 'STREAMED_XOR_CHUNKS';

export interface ReadRequest {
  queries: ReadQuery[];
  /** In the order the reader likes them; empty from old readers, which means samples. */
  acceptedTypes: ResponseType[];
}

/** One selector and a range; both bounds are inclusive, Unix milliseconds, and as large as 2^53 where they were larger. */
export interface ReadQuery {
  startMs: number;
  endMs: number;
  matchers: LabelMatcher[];
  hints?: ReadHints;
}

/** What the reader will do with the samples. Prometheus takes these bounds instead of the query's. */
export interface ReadHints {
  stepMs: number;
  /** The function around the selector; `series`: nothing but labels is wanted. */
  func: string;
  startMs: number;
  endMs: number;
  grouping: string[];
  by: boolean;
  rangeMs: number;
}

const RESPONSE_TYPES: ResponseType[] = ['SAMPLES', 'STREAMED_XOR_CHUNKS'];
const OPERATORS: Array<LabelMatcher['operator']> = ['=', '!=', '=~', '!~'];

interface WireMatcher {
  type: number;
  name: string;
  value: string;
}

/** A query comes from one selector of an expression, and readers send one a request. An empty one is two bytes here, and a hundred as an object. */
const MOST_QUERIES = 100;
/** Of a query: far beyond what people write. */
const MOST_MATCHERS = 200;

/** Adds to a list. @throws CodecError when it is full */
function push<T>(list: T[], most: number, entry: T, what: string): void {
  if (list.length === most) {
    throw new CodecError('tooLarge', `remote read: there may be at most ${most} ${what}`);
  }
  list.push(entry);
}

/** Bounds may be the least and the greatest int64. */
function clamp(time: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, time));
}

const MATCHER: Fields<WireMatcher> = {
  [varintTag(1)]: (matcher, reader) => (matcher.type = readUnsigned(reader)),
  [bytesTag(2)]: (matcher, reader) => (matcher.name = readText(reader)),
  [bytesTag(3)]: (matcher, reader) => (matcher.value = readText(reader)),
};

const HINTS: Fields<ReadHints> = {
  [varintTag(1)]: (hints, reader) => (hints.stepMs = readInteger(reader)),
  [bytesTag(2)]: (hints, reader) => (hints.func = readText(reader)),
  [varintTag(3)]: (hints, reader) => (hints.startMs = clamp(reader.readVarint(true))),
  [varintTag(4)]: (hints, reader) => (hints.endMs = clamp(reader.readVarint(true))),
  [bytesTag(5)]: (hints, reader) => hints.grouping.push(readText(reader)),
  [varintTag(6)]: (hints, reader) => (hints.by = reader.readBoolean()),
  [varintTag(7)]: (hints, reader) => (hints.rangeMs = readInteger(reader)),
};

const QUERY: Fields<ReadQuery> = {
  [varintTag(1)]: (query, reader) => (query.startMs = clamp(reader.readVarint(true))),
  [varintTag(2)]: (query, reader) => (query.endMs = clamp(reader.readVarint(true))),
  [bytesTag(3)]: (query, reader) =>
    push(
      query.matchers,
      MOST_MATCHERS,
      matcherOf(readNested(reader, MATCHER, { type: 0, name: '', value: '' })),
      'matchers in a query'
    ),
  [bytesTag(4)]: (query, reader) => (query.hints = readNested(reader, HINTS, query.hints ?? noHints())),
};

interface WireRequest {
  queries: ReadQuery[];
  types: number[];
}

const REQUEST: Fields<WireRequest> = {
  [bytesTag(1)]: (request, reader) =>
    push(
      request.queries,
      MOST_QUERIES,
      readNested(reader, QUERY, { startMs: 0, endMs: 0, matchers: [] }),
      'queries in a request'
    ),
  ...packed<WireRequest>(2, readUnsigned, ({ types }) => types),
};

function noHints(): ReadHints {
  return { stepMs: 0, func: '', startMs: 0, endMs: 0, grouping: [], by: false, rangeMs: 0 };
}

function matcherOf({ type, name, value }: WireMatcher): LabelMatcher {
  const operator = OPERATORS[type];
  if (!operator) {
    throw new CodecError('unsupported', `remote read: matcher type ${type} is not known`);
  }
  return { name, operator, value };
}

/** @throws CodecError when it is damaged, asks for too much at once, or nothing it accepts is known */
export function decodeReadRequest(bytes: Uint8Array): ReadRequest {
  const { queries, types } = readMessage(bytes, REQUEST, { queries: [], types: [] });
  const acceptedTypes = types.flatMap((type) => RESPONSE_TYPES[type] ?? []);
  if (types.length > 0 && acceptedTypes.length === 0) {
    throw new CodecError('unsupported', `remote read: response type ${types[0]} is not known`);
  }
  return { queries, acceptedTypes };
}

export function encodeReadRequest(request: ReadRequest): Uint8Array {
  return writeMessage(writeRequest, request);
}

function writeRequest({ queries, acceptedTypes }: ReadRequest, writer: PbfWriter): void {
  queries.forEach((query) => writer.writeMessage(1, writeQuery, query));
  writer.writePackedVarint(
    2,
    acceptedTypes.map((type) => RESPONSE_TYPES.indexOf(type))
  );
}

function writeQuery({ startMs, endMs, matchers, hints }: ReadQuery, writer: PbfWriter): void {
  writer.writeVarintField(1, startMs);
  writer.writeVarintField(2, endMs);
  matchers.forEach((matcher) => writer.writeMessage(3, writeMatcher, matcher));
  if (hints) {
    writer.writeMessage(4, writeHints, hints);
  }
}

function writeMatcher({ operator, name, value }: LabelMatcher, writer: PbfWriter): void {
  writer.writeVarintField(1, OPERATORS.indexOf(operator));
  writeText(writer, 2, name);
  writeText(writer, 3, value);
}

function writeHints(hints: ReadHints, writer: PbfWriter): void {
  writer.writeVarintField(1, hints.stepMs);
  writeText(writer, 2, hints.func);
  writer.writeVarintField(3, hints.startMs);
  writer.writeVarintField(4, hints.endMs);
  hints.grouping.forEach((label) => writeText(writer, 5, label));
  writer.writeBooleanField(6, hints.by);
  writer.writeVarintField(7, hints.rangeMs);
}
