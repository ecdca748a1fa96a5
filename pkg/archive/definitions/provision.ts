import { type PendingDeletion } from '../../core/ports/upkeep';
import { type Definition } from '../../core/ports/definitions';
import { ofSource, type Session } from '../connect/session';
import { requireEpoch } from '../ledger/leaseRows';
import { actAs, readPending } from './pendingDeletions';
import { lockOrMakeQuery, lockQuery, requireKind, reviveQuery, startVersion } from './queryRows';

/**
 * Makes the recorded queries of a config file known, in the caller's transaction. Another expression or step starts a new version;
 * provisioned queries that are missing from the list are paused with their data kept. Throws `CONFLICT` for a name of the other
 * kind; then nothing of the file holds.
 *
 * @returns the shorter retentions of the file that wait for their date from now on
 */
export async function provision(
  session: Session,
  queries: readonly Definition[],
  epoch?: number
): Promise<PendingDeletion[]> {
  // By name, so that two programs that start together lock rows in the same order.
  const sorted = [...queries].sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  await requireEpoch(session, epoch);
  await actAs(session, 'config');
  await pauseOthers(
    session,
    sorted.map(({ name }) => name)
  );
  const asked = new Set<string>();
  for (const query of sorted) {
    if (await provisionOne(session, query)) {
      asked.add(query.name);
    }
  }
  const waiting = asked.size === 0 ? [] : await readPending(session);
  return waiting.filter(({ what, query }) => what === 'retention' && query !== undefined && asked.has(query));
}

/** @returns whether it has another retention than was wanted before */
async function provisionOne(session: Session, query: Definition): Promise<boolean> {
  const identity = { kind: 'recorded', name: query.name } as const;
  const known = await lockQuery(session, identity);
  if (known !== undefined) {
    requireKind(known, query);
  }
  const locked = known?.deleted
    ? await reviveQuery(session, known, query)
    : (known ?? (await lockOrMakeQuery(session, identity, query)));
  if (locked.expression !== query.expression || locked.stepMs !== query.stepMs) {
    await startVersion(session, locked, query);
  }
  const differs = (known ?? locked).wantedRetention !== query.retention;
  if (!locked.provisioned || locked.paused || differs) {
    await session.run(
      `UPDATE promkeep_queries
       SET provisioned = true, paused_at = NULL, retention = $2::text, updated_at = now(), updated_by = NULL, revision = revision + 1
       WHERE query_id = $1::bigint`,
      [locked.queryId, query.retention]
    );
  }
  return differs;
}

async function pauseOthers(session: Session, names: readonly string[]): Promise<void> {
  await session.run(
    `WITH gone AS (
       SELECT q.query_id FROM promkeep_queries q JOIN promkeep_sources o ON o.source_id = q.source_id
       WHERE o.org_id = $1::bigint AND o.name = $2::text AND q.kind = 'recorded' AND q.provisioned AND q.paused_at IS NULL AND q.deleted_at IS NULL
         AND NOT q.name = ANY ($3::text[])
       ORDER BY q.name COLLATE "C" FOR NO KEY UPDATE OF q)
     UPDATE promkeep_queries q SET paused_at = now(), updated_at = now(), updated_by = NULL,
       revision = revision + 1 FROM gone WHERE q.query_id = gone.query_id`,
    [...ofSource(session), names]
  );
}
