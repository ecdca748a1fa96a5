/** Copies reach so far back with two bytes of distance. */
const MAX_DISTANCE = 65_535;
const SAMPLE_BYTES = 18;
/** More of a series are never within reach of the next. */
const KEPT = Math.floor(MAX_DISTANCE / SAMPLE_BYTES) + 1;

class Trail {
  count = 0;
  readonly timesMs = new Float64Array(KEPT);
  readonly bits = new Uint32Array(2 * KEPT);
  readonly positions = new Float64Array(KEPT);
}

/** Where in a message the samples of the series before lie: series of one target have the same times. */
export class SampleTrail {
  #before = new Trail();
  #now = new Trail();
  /** The first sample of the series before that is not older than the newest of this one. */
  #next = 0;

  beginSeries(): void {
    [this.#before, this.#now] = [this.#now, this.#before];
    this.#now.count = 0;
    this.#next = 0;
  }

  push(timeMs: number, low: number, high: number, position: number): void {
    const { count, timesMs, bits, positions } = this.#now;
    if (count < KEPT) {
      timesMs[count] = timeMs;
      bits[2 * count] = low;
      bits[2 * count + 1] = high;
      positions[count] = position;
      this.#now.count = count + 1;
    }
  }

  /** The number of the sample of this time in the series before, if it is within reach; else -1. */
  find(timeMs: number, position: number): number {
    const { count, timesMs, positions } = this.#before;
    while (this.#next < count && timesMs[this.#next] < timeMs) {
      this.#next++;
    }
    const found =
      this.#next < count && timesMs[this.#next] === timeMs && position - positions[this.#next] <= MAX_DISTANCE;
    return found ? this.#next : -1;
  }

  position(sample: number): number {
    return this.#before.positions[sample];
  }

  lowOf(sample: number): number {
    return this.#before.bits[2 * sample];
  }

  highOf(sample: number): number {
    return this.#before.bits[2 * sample + 1];
  }
}
