import { type RecordingAmounts } from '../../src/contract/recordedQuery';
import { asPromkeepError } from '../core/model/errors';
import { type Uses } from '../core/ports/archive';
import { type Clock } from '../core/ports/clock';
import { type Logger } from '../core/ports/logger';
import { type StoredDefinition } from '../core/ports/definitions';
import { RecordingAllowance } from '../core/collect/recordingAllowance';

export interface AllowanceDeps {
  archive: Uses<{ definitions: 'use' }>;
  /** Of all recorded queries together. */
  limits: RecordingAmounts;
  monotonicClock: Clock;
  logger: Logger;
}

/** What other sources take changes slowly, and reading it costs a look at each recorded query of the organisation. */
const ELSEWHERE_EVERY_MS = 60_000;

/** The limits a leader records under, kept up to date with the definitions it follows. */
export function openAllowance({ archive, limits, monotonicClock, logger }: AllowanceDeps): {
  allowance: RecordingAllowance;
  onDefinitions: (queries: readonly StoredDefinition[]) => void;
} {
  const allowance = new RecordingAllowance(limits);
  let nextMs = -Infinity;
  const lookElsewhere = async (): Promise<void> => {
    try {
      allowance.note(await archive.definitions.use());
    } catch (error) {
      logger.debug('What other sources record is not known.', { error: asPromkeepError(error).message });
    }
  };
  return {
    allowance,
    onDefinitions(queries) {
      allowance.define(queries);
      const nowMs = monotonicClock.nowMs();
      if (nowMs >= nextMs) {
        nextMs = nowMs + ELSEWHERE_EVERY_MS;
        void lookElsewhere();
      }
    },
  };
}
