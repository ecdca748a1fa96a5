import { PromkeepError } from '../../core/model/errors';
import { type SourceIdentity } from '../../core/ports/archive';
import { type Coverage, type Gap } from '../../core/ports/ledger';
import { type TimeRange } from '../../core/model/timeRange';
import { type Transaction } from '../connect/database';
import { findQueryId, lockOrMakeQuery, lockQuery } from '../definitions/queryRows';
import { openVersion } from '../definitions/openVersion';
import { addCoverage } from '../write/writeRows';
import { requireEpoch } from './leaseRows';
import { addGap, readCoverage } from './ledgerRows';

/** See `Ledger.coverage`; nothing of a query that is not there. */
export async function readCoverageOf(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  name: string
): Promise<TimeRange[]> {
  const queryId = await findQueryId(tx, schema, source, { kind: 'recorded', name });
  return queryId === undefined ? [] : readCoverage(tx, schema, queryId);
}

/** See `Ledger.noteGap`; throws `NOT_FOUND` when there is no such query. */
export async function noteGap(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  { name, gap, epoch }: { name: string; gap: Gap; epoch: number | undefined }
): Promise<void> {
  await requireEpoch(tx, schema, source, epoch);
  const query = await lockQuery(tx, schema, source, { kind: 'recorded', name });
  if (query === undefined || query.deleted) {
    throw new PromkeepError('NOT_FOUND', `The archive knows no recorded query ${JSON.stringify(name)}`);
  }
  await addGap(tx, schema, query, gap);
}

/** See `Ledger.cover`. It takes the locks of a write, in their order. */
export async function cover(
  tx: Transaction,
  schema: string,
  source: SourceIdentity,
  { definition, covered, gaps, epoch }: Coverage
): Promise<void> {
  await requireEpoch(tx, schema, source, epoch);
  const identity = { kind: 'recorded', name: definition.name } as const;
  const locked = await lockOrMakeQuery(tx, schema, source, identity, definition);
  const query = await openVersion(tx, schema, locked, definition);
  await addCoverage(tx, schema, query, covered);
  for (const gap of gaps) {
    await addGap(tx, schema, query, gap);
  }
}
