/** Runs `work` on every item, at most `limit` at a time, and gives the results in the order of the items. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  const workers = Math.max(1, Math.min(Math.trunc(limit), items.length));
  await Promise.all(Array.from({ length: workers }, worker));
  return results;
}

/** Waits for `work`, but not beyond the signal: then it throws the signal's reason, and `work` is left to itself. */
export async function withinSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Left behind, a failure of `work` would surface as an unhandled rejection.
  work.catch(() => undefined);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
