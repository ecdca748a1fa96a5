import { PromkeepError } from '../../core/model/errors';
import { type Definition } from '../../core/ports/definitions';
import { type Transaction } from '../connect/database';
import { type LockedQuery, requireKind, startVersion, wasEarlierVersion } from './queryRows';

type Versioned = Pick<LockedQuery, 'queryId' | 'version' | 'expression' | 'stepMs' | 'raw'>;

/**
 * The version of a recorded query that a write of this definition belongs to: the current one, or a new one. A program that still
 * runs an old definition must not write old answers over new ones, nor make its version current again: `ARCHIVE_QUERY_CHANGED`.
 * Throws `CONFLICT` where the name is that of the other kind.
 */
export async function openVersion<T extends Versioned>(tx: Transaction, query: T, definition: Definition): Promise<T> {
  requireKind(query, definition);
  if (query.expression === definition.expression && query.stepMs === definition.stepMs) {
    return query;
  }
  if (await wasEarlierVersion(tx, query, definition)) {
    throw new PromkeepError(
      'ARCHIVE_QUERY_CHANGED',
      `The recorded query ${definition.name} has been given another expression or step meanwhile; nothing was written`
    );
  }
  return startVersion(tx, query, definition);
}
