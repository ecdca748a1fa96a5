import { asPromkeepError } from '../core/model/errors';
import { type Uses } from '../core/ports/archive';
import { type Logger } from '../core/ports/logger';
import { type StoredDefinition, type Definition } from '../core/ports/definitions';
import { type Sleep } from './waiting';

export interface DefinitionsDeps {
  archive: Uses<{ definitions: 'list'; ledger: 'entries' }>;
  logger: Logger;
  sleep: Sleep;
  /** Told what is recorded from now on, before it is, and all there are. */
  onDefinitions(queries: readonly StoredDefinition[], all: readonly StoredDefinition[]): void;
}

/** @param earliestGapMs start of the oldest gap the ledger holds for this query */
export type RunQuery = (query: Definition, earliestGapMs: number | undefined, signal: AbortSignal) => Promise<void>;

interface Running {
  definition: string;
  abort: AbortController;
  ended: Promise<void>;
}

/** One small select; an edit is seen this much later at most, wherever it was made. Notifications do not pass poolers. */
export const DEFINITIONS_EVERY_MS = 2_000;

/**
 * Runs the recorded queries as the archive defines them, and follows every change: a new or resumed one begins, a paused or
 * deleted one ends, a changed one ends and begins anew. Resolves after the signal, when all of them have ended.
 */
export async function followDefinitions(deps: DefinitionsDeps, run: RunQuery, signal: AbortSignal): Promise<void> {
  const running = new Map<string, Running>();
  let failing = false;
  while (!signal.aborted) {
    try {
      await reconcile(deps, running, run, signal);
      failing = false;
    } catch (error) {
      const { code, message } = asPromkeepError(error);
      const level = failing || signal.aborted ? 'debug' : 'warn';
      deps.logger[level]('The definitions cannot be read; recording goes on as before.', { code, error: message });
      failing = true;
    }
    await deps.sleep(DEFINITIONS_EVERY_MS, signal);
  }
  await Promise.all([...running.values()].map(({ ended }) => ended));
}

async function reconcile(
  { archive, logger, onDefinitions }: DefinitionsDeps,
  running: Map<string, Running>,
  run: RunQuery,
  signal: AbortSignal
): Promise<void> {
  const all = await archive.definitions.list();
  const wanted = new Map(all.filter(({ paused }) => !paused).map((one) => [one.name, one]));
  onDefinitions([...wanted.values()], all);
  for (const [name, one] of running) {
    const query = wanted.get(name);
    if (query === undefined || definitionOf(query) !== one.definition) {
      logger.info('A recorded query was changed, paused or deleted; its old form ends.', { query: name });
      running.delete(name);
      one.abort.abort(new Error('The recorded query has changed.'));
      // A query must not overlap itself.
      await one.ended;
    }
  }
  const fresh = [...wanted.values()].filter(({ name }) => !running.has(name));
  if (fresh.length === 0 || signal.aborted) {
    return;
  }
  const gapStarts = new Map(
    (await archive.ledger.entries()).flatMap(({ name, gaps }) =>
      gaps.length > 0 ? [[name, Math.min(...gaps.map(({ fromMs }) => fromMs))] as const] : []
    )
  );
  for (const query of fresh) {
    logger.debug('Recording a query.', { query: query.name });
    const abort = new AbortController();
    const ended = run(query, gapStarts.get(query.name), AbortSignal.any([signal, abort.signal]));
    running.set(query.name, { definition: definitionOf(query), abort, ended });
  }
}

function definitionOf({ expression, stepMs, retention }: Definition): string {
  return JSON.stringify([expression, stepMs, retention]);
}
