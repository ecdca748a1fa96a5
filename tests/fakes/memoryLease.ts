import { PromkeepError } from '../../pkg/core/model/errors';
import { type Lease, type LeaseRequest, type LeaseState } from '../../pkg/core/ports/lease';

/** Leadership without time: the holder keeps it until the test takes it away. */
export class MemoryLease implements Lease {
  state: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };

  /** @param check throws what the archive would */
  constructor(private readonly check: () => void = () => undefined) {}

  async hold({ holder, durationMs, provisions = true }: LeaseRequest): Promise<LeaseState> {
    this.check();
    if (this.state.holder === '') {
      this.state = { holder, epoch: this.state.epoch + 1, expiresInMs: durationMs, provisions };
    }
    return this.state;
  }

  async release({ holder, epoch }: Pick<LeaseState, 'holder' | 'epoch'>): Promise<void> {
    this.check();
    if (this.state.holder === holder && this.state.epoch === epoch) {
      this.state = { holder: '', epoch, expiresInMs: 0 };
    }
  }

  async current(): Promise<LeaseState> {
    this.check();
    return this.state;
  }

  /** Another archiver takes over. */
  seize(holder: string): void {
    this.state = { holder, epoch: this.state.epoch + 1, expiresInMs: 15_000 };
  }

  /** Throws when somebody else leads by now. */
  require(epoch: number | undefined): void {
    if (epoch !== undefined && epoch !== this.state.epoch) {
      throw new PromkeepError('ARCHIVE_NOT_LEADER', 'Another archiver has taken over.');
    }
  }
}
