/** Time that passes only when every loop sleeps: the earliest sleeper is woken and the clock jumps there. */
export class VirtualTime {
  static readonly START_MS = Date.UTC(2026, 0, 1);
  ms = VirtualTime.START_MS;
  private readonly sleepers = new Set<{ atMs: number; wake: () => void }>();

  nowMs = (): number => this.ms;

  sleep = (waitMs: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const sleeper = {
        atMs: this.ms + waitMs,
        wake: () => {
          this.sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake);
    });

  async pass(ms: number): Promise<void> {
    const endMs = this.ms + ms;
    for (;;) {
      await settle();
      const next = [...this.sleepers].sort((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > endMs) {
        this.ms = endMs;
        return;
      }
      this.ms = Math.max(this.ms, next.atMs);
      next.wake();
    }
  }
}

/** Lets every promise that can go on without time do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
