import { answerBytes } from '../../core/memory/answerMemory';
import { PromkeepError } from '../../core/model/errors';
import { type MemoryShare } from '../../core/memory/memoryBudget';

/** Of a series as JSON; real ones have 50 to 300. */
const LABEL_BYTES = 200;
/** The text in which samples come, while it is unpacked. */
const PACKED_SAMPLE_BYTES = 32;

/** Takes the memory for what is about to be read, or throws. */
export type Charge = (size: { series: number; samples: number }) => void;

/**
 * Reads what has to fit into the caller's share. Its size is known only inside the transaction; where there is no room yet, that
 * ends, so that no connection is held while it waits, and begins anew. Throws `LIMIT_EXCEEDED` when there will be none.
 */
export async function readCharged<T>(
  memory: MemoryShare | undefined,
  signal: AbortSignal,
  read: (charge: Charge) => Promise<T>
): Promise<T> {
  const part = memory?.part();
  let missingBytes = 0;
  const charge: Charge = ({ series, samples }) => {
    const bytes = answerBytes(series, series * LABEL_BYTES, samples) + samples * PACKED_SAMPLE_BYTES;
    if (part && !part.tryGrowTo(bytes)) {
      missingBytes = bytes;
      throw new PromkeepError('LIMIT_EXCEEDED', 'There is no room in memory yet.');
    }
  };
  const readOrGrow = async (): Promise<T> => {
    missingBytes = 0;
    try {
      return await read(charge);
    } catch (error) {
      if (missingBytes === 0) {
        throw error;
      }
      await part?.growTo(missingBytes, signal);
      return readOrGrow();
    }
  };
  try {
    return await readOrGrow();
  } catch (error) {
    part?.drop();
    throw error;
  } finally {
    part?.settle();
  }
}
