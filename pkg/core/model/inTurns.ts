import { PromkeepError } from './errors';
import { processTurns, type Turns } from './turns';

export interface Pace {
  turns: Turns;
  /** A clock for short times. */
  nowMs(): number;
}

/** Of one piece: shorter than what a small query takes, and longer than what a turn costs. */
const PIECE_MS = 5;
/** 10,000 series against a pattern take 20 ms; what takes this long is a pattern made to take long. */
const LONGEST_WORK_MS = 2_000;
const MAIN_THREAD: Pace = { turns: processTurns, nowMs: () => performance.now() };

/**
 * What `each` gives for every item, in order, in pieces of some milliseconds with other work in between. `prepare`, such as the
 * compiling of a pattern, has a turn of its own. Ends with `QUERY_CANCELLED` when the signal aborts, and with
 * `LIMIT_EXCEEDED` after two seconds of work, waiting not counted.
 */
export async function inTurns<T, R>(
  items: readonly T[],
  prepare: () => (item: T) => readonly R[],
  signal: AbortSignal | undefined,
  { turns, nowMs }: Pace = MAIN_THREAD
): Promise<R[]> {
  let workedMs = 0;
  let pieceFromMs = 0;
  const results: R[] = [];
  const take = async (): Promise<void> => {
    await turns.next();
    if (signal?.aborted) {
      throw new PromkeepError('QUERY_CANCELLED', 'The caller went away.', { cause: signal.reason });
    }
    pieceFromMs = nowMs();
  };
  await take();
  const each = prepare();
  for (const item of items) {
    results.push(...each(item));
    const pieceMs = nowMs() - pieceFromMs;
    if (pieceMs >= PIECE_MS) {
      workedMs += pieceMs;
      if (workedMs > LONGEST_WORK_MS) {
        throw tooLong(items.length);
      }
      await take();
    }
  }
  return results;
}

function tooLong(count: number): PromkeepError {
  return new PromkeepError(
    'LIMIT_EXCEEDED',
    `Matching ${count} series took more than ${LONGEST_WORK_MS / 1_000} s; use simpler regular expressions.`
  );
}
