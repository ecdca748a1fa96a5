import { PromkeepError } from '../../core/model/errors';
import { type Coverage, type Gap } from '../../core/ports/ledger';
import { type TimeRange } from '../../core/model/timeRange';
import { type Session } from '../connect/session';
import { findQueryId, lockOrMakeQuery, lockQuery } from '../definitions/queryRows';
import { openVersion } from '../definitions/openVersion';
import { requireEpoch } from './leaseRows';
import { addCoverage, addGap, readCoverage } from './ledgerRows';

/** See `Ledger.coverage`; nothing of a query that is not there. */
export async function readCoverageOf(session: Session, name: string): Promise<TimeRange[]> {
  const queryId = await findQueryId(session, { kind: 'recorded', name });
  return queryId === undefined ? [] : readCoverage(session, queryId);
}

/** See `Ledger.noteGap`; throws `NOT_FOUND` when there is no such query. */
export async function noteGap(session: Session, name: string, gap: Gap, epoch: number | undefined): Promise<void> {
  await requireEpoch(session, epoch);
  const query = await lockQuery(session, { kind: 'recorded', name });
  if (query === undefined || query.deleted) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  await addGap(session, query, gap);
}

/** See `Ledger.cover`. It takes the locks of a write, in their order. */
export async function cover(session: Session, { definition, covered, gaps, epoch }: Coverage): Promise<void> {
  await requireEpoch(session, epoch);
  const identity = { kind: 'recorded', name: definition.name } as const;
  const locked = await lockOrMakeQuery(session, identity, definition);
  const query = await openVersion(session, locked, definition);
  await addCoverage(session, query, covered);
  for (const gap of gaps) {
    await addGap(session, query, gap);
  }
}
