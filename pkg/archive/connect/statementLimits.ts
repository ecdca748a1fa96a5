/**
 * What a statement is for. `asked`: somebody waits for the answer. `upkeep`: one batch in the background, made to take seconds;
 * on a slow disk or beside a vacuum it may take minutes and is still worth finishing. `migration`: cannot be cut into batches.
 */
export type StatementPurpose = 'asked' | 'upkeep' | 'migration';

export interface StatementLimits {
  /** After this long the server ends a statement, cleanly (`statement_timeout`). */
  serverMs: Readonly<Record<StatementPurpose, number>>;
  /** So much longer the program waits for the answer. It only counts when a network swallows packets: it costs the connection. */
  graceMs: number;
}

/** The one place that decides both the server's limit and the program's own. */
export const STATEMENT_LIMITS: StatementLimits = {
  serverMs: { asked: 60_000, upkeep: 300_000, migration: 3_600_000 },
  graceMs: 10_000,
};

/** How long the program itself waits for the answer to one statement. */
export function answerLimitMs({ serverMs, graceMs }: StatementLimits, purpose: StatementPurpose): number {
  return serverMs[purpose] + graceMs;
}
