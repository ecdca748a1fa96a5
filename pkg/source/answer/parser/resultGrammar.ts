import { answerBytes, tooManySeries } from '../../../core/memory/answerMemory';
import { type Series } from '../../../core/model/series';
import { type ByteQueue } from './byteQueue';
import { HistogramGrammar, readTime, toFloat } from './histogramGrammar';
import { OPEN_ARRAY, OPEN_OBJECT } from './jsonReader';
import { type Parsing, type PausingReader } from './pausingReader';
import { SampleBuffer } from './sampleBuffer';

/** What stood in `result`: series (matrix, vector) or one pair (scalar, string). */
export interface RawResult {
  series: Series[];
  pair?: { timeMs: number; text: string };
}

/** The grammar of `data.result`, read without knowing `resultType`, which may come later. */
export class ResultGrammar {
  private readonly samples = new SampleBuffer();
  private readonly histograms: HistogramGrammar;
  /** Of the series that are complete. */
  private completeBytes = 0;
  private labelBytes = 0;

  /** @param maxSeries more are refused with `LIMIT_EXCEEDED`, before they are all in memory */
  constructor(
    private readonly reader: PausingReader,
    private readonly maxSeries = Infinity
  ) {
    this.histograms = new HistogramGrammar(reader);
  }

  /** What the answer so far will take in memory, whatever becomes of it. */
  get memoryBytes(): number {
    return this.completeBytes + answerBytes(1, this.labelBytes, this.samples.count) + this.histograms.memoryBytes;
  }

  /** Reads the value of `result`; null counts as an empty list. */
  *result(): Parsing<RawResult> {
    const { reader } = this;
    const raw: RawResult = { series: [] };
    if (!(yield* reader.opens(OPEN_ARRAY))) {
      return raw;
    }
    let more = yield* reader.element(true);
    if (more && (yield* reader.peek()) !== OPEN_OBJECT) {
      raw.pair = yield* this.restOfPair();
      return raw;
    }
    while (more) {
      if (raw.series.length >= this.maxSeries) {
        throw tooManySeries(this.maxSeries);
      }
      raw.series.push(yield* this.series());
      let another: boolean | undefined;
      while ((another = reader.now.nextElement(false)) === undefined) {
        yield;
      }
      more = another;
    }
    return raw;
  }

  private *series(): Parsing<Series> {
    const { reader } = this;
    const { now } = reader;
    let opened: boolean | undefined;
    while ((opened = now.tryByte(OPEN_OBJECT)) === undefined) {
      yield;
    }
    if (!opened) {
      throw now.fault('a series is not an object');
    }
    let labels: Series['labels'];
    for (let first = true; ; first = false) {
      let key: string | null | undefined;
      while ((key = now.nextKey(first)) === undefined) {
        yield;
      }
      if (key === null) {
        break;
      }
      if (key === 'metric') {
        labels = yield* this.labels();
      } else if (key === 'values') {
        yield* this.sampleList();
      } else if (key === 'value') {
        if (now.peek() === -1 || !this.readOne(now.queue)) {
          yield* this.sample();
        }
      } else if (key === 'histograms') {
        yield* this.histograms.list();
      } else if (key === 'histogram') {
        yield* this.histograms.one();
      } else {
        yield* reader.skip();
      }
    }
    const { timesMs, values } = this.samples.take();
    this.completeBytes += answerBytes(1, this.labelBytes, values.length) + this.histograms.memoryBytes;
    const histograms = this.histograms.take();
    this.labelBytes = 0;
    return histograms ? { labels, timesMs, values, histograms } : { labels, timesMs, values };
  }

  /** An object of strings; null counts as absent. */
  private *labels(): Parsing<Record<string, string> | undefined> {
    const { now } = this.reader;
    const start = now.queue.offset;
    if (now.tryByte(OPEN_OBJECT) !== true && !(yield* this.reader.opens(OPEN_OBJECT))) {
      return undefined;
    }
    const labels: Record<string, string> = {};
    for (let first = true; ; first = false) {
      let name: string | null | undefined;
      while ((name = now.nextKey(first)) === undefined) {
        yield;
      }
      this.labelBytes = now.queue.offset - start;
      if (name === null) {
        return labels;
      }
      let value: string | undefined;
      while ((value = now.tryString()) === undefined) {
        yield;
      }
      setLabel(labels, name, value);
    }
  }

  private *sampleList(): Parsing {
    const { now } = this.reader;
    if (now.tryByte(OPEN_ARRAY) !== true && !(yield* this.reader.opens(OPEN_ARRAY))) {
      return;
    }
    const { queue } = now;
    for (let first = true; ; first = false) {
      const before = queue.position;
      queue.position = this.samples.readRun(queue, !first, Infinity);
      let more: boolean | undefined;
      const none = first && queue.position === before;
      while ((more = now.nextElement(none)) === undefined) {
        yield;
      }
      if (!more) {
        return;
      }
      yield* this.sample();
    }
  }

  /** Reads a sample by the fast path; false if it is not for it. */
  private readOne(queue: ByteQueue): boolean {
    const before = queue.position;
    queue.position = this.samples.readRun(queue, false, 1);
    return queue.position !== before;
  }

  /** `[seconds, "value"]`, by the careful path. */
  private *sample(): Parsing {
    const { reader } = this;
    if (!(yield* reader.opens(OPEN_ARRAY))) {
      throw reader.now.fault('a sample is not a list');
    }
    yield* reader.anotherElement(true);
    const { timeMs, text } = yield* this.restOfPair();
    this.samples.push(timeMs, toFloat(text, reader));
  }

  /** `seconds, "value"]` */
  private *restOfPair(): Parsing<{ timeMs: number; text: string }> {
    const { reader } = this;
    const timeMs = yield* readTime(reader);
    yield* reader.anotherElement();
    const text = yield* reader.string();
    yield* reader.endOfList();
    return { timeMs, text };
  }
}

function setLabel(labels: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') {
    Object.defineProperty(labels, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    labels[name] = value;
  }
}
