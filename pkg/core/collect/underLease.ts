import { PromkeepError } from '../model/errors';
import { type Uses } from '../ports/archive';
import { type RawHistory, type RawStore } from '../ports/rawSeries';

/** Where what is collected goes. */
export type CollectTarget = Uses<{ samples: 'writeRange'; ledger: 'coverage' | 'noteGap' }> & {
  /** Absent: definitions of raw series fail. */
  readonly raw?: Pick<RawStore & RawHistory, 'writeRaw' | 'select'>;
};

/** The target for one who writes under an epoch: each write carries it, and a refused one is told. */
export function underLease(
  { samples, ledger, raw }: CollectTarget,
  epoch: number,
  onRefused: () => void = () => undefined
): CollectTarget {
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof PromkeepError && error.code === 'ARCHIVE_NOT_LEADER') {
        onRefused();
      }
      throw error;
    }
  };
  const watchedRaw = (target: NonNullable<CollectTarget['raw']>): CollectTarget['raw'] => ({
    writeRaw: (write, signal) => watched(target.writeRaw({ ...write, epoch }, signal)),
    select: (read, signal) => target.select(read, signal),
  });
  return {
    samples: { writeRange: (write, signal) => watched(samples.writeRange({ ...write, epoch }, signal)) },
    ...(raw ? { raw: watchedRaw(raw) } : {}),
    ledger: {
      coverage: (name) => ledger.coverage(name),
      noteGap: (name, gap) => watched(ledger.noteGap(name, gap, epoch)),
    },
  };
}
