/** `[fromMs, toMs]` in Unix milliseconds, both ends inclusive. */
export interface TimeRange {
  fromMs: number;
  toMs: number;
}

/** Times that are some steps apart, both ends inclusive. */
export interface TimeGrid {
  startMs: number;
  endMs: number;
  stepMs: number;
}
