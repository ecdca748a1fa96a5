import { PromkeepError } from '../../pkg/core/model/errors';
import { type LeaseState, type LeaseRequest } from '../../pkg/core/ports/lease';

/** Leadership without time: the holder keeps it until the test takes it away. */
export class MemoryLease {
  state: LeaseState = { holder: '', epoch: 0, expiresInMs: 0 };

  hold({ holder, durationMs, provisions = true }: LeaseRequest): LeaseState {
    if (this.state.holder === '') {
      this.state = { holder, epoch: this.state.epoch + 1, expiresInMs: durationMs, provisions };
    }
    return this.state;
  }

  release({ holder, epoch }: Pick<LeaseState, 'holder' | 'epoch'>): void {
    if (this.state.holder === holder && this.state.epoch === epoch) {
      this.state = { holder: '', epoch, expiresInMs: 0 };
    }
  }

  /** Another archiver takes over. */
  seize(holder: string): void {
    this.state = { holder, epoch: this.state.epoch + 1, expiresInMs: 15_000 };
  }

  check(epoch: number | undefined): void {
    if (epoch !== undefined && epoch !== this.state.epoch) {
      throw new PromkeepError('ARCHIVE_NOT_LEADER', 'Another archiver has taken over.');
    }
  }
}
