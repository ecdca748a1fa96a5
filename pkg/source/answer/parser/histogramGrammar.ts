import { type HistogramSamples } from '../../../core/model/series';
import { parseGoFloat, parseSecondsAsMs } from './decimal';
import { HistogramBuffer } from './histogramBuffer';
import { OPEN_ARRAY, OPEN_OBJECT } from './jsonReader';
import { type Parsing, type PausingReader } from './pausingReader';

/** Native histograms: `[seconds, {"count": "…", "sum": "…", "buckets": [[rule, "lower", "upper", "count"], …]}]`. */
export class HistogramGrammar {
  private readonly buffer = new HistogramBuffer();

  constructor(private readonly reader: PausingReader) {}

  get memoryBytes(): number {
    return this.buffer.memoryBytes;
  }

  take(): HistogramSamples | undefined {
    return this.buffer.take();
  }

  /** A list of histograms; null counts as an empty one. */
  *list(): Parsing {
    const { reader } = this;
    if (!(yield* reader.opens(OPEN_ARRAY))) {
      return;
    }
    for (let first = true; yield* reader.element(first); first = false) {
      yield* this.one();
    }
  }

  *one(): Parsing {
    const { reader } = this;
    if (!(yield* reader.opens(OPEN_ARRAY))) {
      throw reader.now.fault('a histogram is missing');
    }
    yield* reader.anotherElement(true);
    const timeMs = yield* readTime(reader);
    yield* reader.anotherElement();
    if (!(yield* reader.opens(OPEN_OBJECT))) {
      throw reader.now.fault('a histogram is not an object');
    }
    let count = NaN;
    let sum = NaN;
    let key: string | null;
    for (let first = true; (key = yield* reader.key(first)) !== null; first = false) {
      if (key === 'count') {
        count = yield* readFloat(reader);
      } else if (key === 'sum') {
        sum = yield* readFloat(reader);
      } else if (key === 'buckets') {
        yield* this.buckets();
      } else {
        yield* reader.skip();
      }
    }
    yield* reader.endOfList();
    this.buffer.push(timeMs, count, sum);
  }

  private *buckets(): Parsing {
    const { reader } = this;
    if (!(yield* reader.opens(OPEN_ARRAY))) {
      return;
    }
    for (let first = true; yield* reader.element(first); first = false) {
      if (!(yield* reader.opens(OPEN_ARRAY))) {
        throw reader.now.fault('a bucket is not a list');
      }
      yield* reader.anotherElement(true);
      const rule = Number(yield* reader.number());
      yield* reader.anotherElement();
      const lower = yield* readFloat(reader);
      yield* reader.anotherElement();
      const upper = yield* readFloat(reader);
      yield* reader.anotherElement();
      const count = yield* readFloat(reader);
      yield* reader.endOfList();
      if (![0, 1, 2, 3].includes(rule)) {
        throw reader.now.fault('a bucket has an unknown boundary rule');
      }
      this.buffer.pushBucket([rule, lower, upper, count]);
    }
  }
}

/** A sample's time: a JSON number of seconds, as Unix milliseconds. */
export function* readTime(reader: PausingReader): Parsing<number> {
  const timeMs = parseSecondsAsMs(yield* reader.number());
  if (timeMs === undefined) {
    throw reader.now.fault('a sample has no usable time');
  }
  return timeMs;
}

/** A sample's value: a string that Go reads as a float. */
function* readFloat(reader: PausingReader): Parsing<number> {
  return toFloat(yield* reader.string(), reader);
}

export function toFloat(text: string, reader: PausingReader): number {
  const value = parseGoFloat(text);
  if (value === undefined) {
    throw reader.now.fault('a sample has a value that is no number');
  }
  return value;
}
