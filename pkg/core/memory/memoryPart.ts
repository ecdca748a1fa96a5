/** Who holds what the parts have: the share of one request. */
export interface PartHolder {
  /** At once where it returns nothing. Throws and rejects with `LIMIT_EXCEEDED`, `QUERY_CANCELLED`. */
  take(moreBytes: number, signal: AbortSignal): Promise<void> | undefined;
  tryTake(moreBytes: number): boolean;
  give(bytes: number): void;
  partSettled(): void;
}

/** What one answer holds; more while it arrives. */
export class MemoryPart {
  private bytes = 0;
  private settled = false;

  constructor(private readonly share: PartHolder) {}

  /**
   * Sees to it that so many bytes are held: at once, or when the promise resolves. Throws and rejects with `LIMIT_EXCEEDED`
   * where they cannot be had, and with `QUERY_CANCELLED` when the signal aborts.
   */
  growTo(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const moreBytes = Math.ceil(bytes) - this.bytes;
    if (moreBytes <= 0) {
      return undefined;
    }
    const taken = this.share.take(moreBytes, signal);
    if (!taken) {
      this.bytes += moreBytes;
    }
    return taken?.then(() => void (this.bytes += moreBytes));
  }

  /** The same for those who cannot wait: whether they are held. */
  tryGrowTo(bytes: number): boolean {
    const moreBytes = Math.ceil(bytes) - this.bytes;
    const isHeld = moreBytes <= 0 || this.share.tryTake(moreBytes);
    this.bytes += isHeld ? Math.max(0, moreBytes) : 0;
    return isHeld;
  }

  /** Gives back what turned out not to be needed. */
  shrinkTo(bytes: number): void {
    const lessBytes = this.bytes - Math.ceil(bytes);
    if (lessBytes > 0) {
      this.bytes -= lessBytes;
      this.share.give(lessBytes);
    }
  }

  /** Keeps what it holds and grows no more: the answer is complete. */
  settle(): void {
    if (!this.settled) {
      this.settled = true;
      this.share.partSettled();
    }
  }

  /** Gives back what it holds: the answer is gone. */
  drop(): void {
    this.share.give(this.bytes);
    this.bytes = 0;
    this.settle();
  }
}
