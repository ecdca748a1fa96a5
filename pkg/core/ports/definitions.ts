import { type RecordingAmounts } from '../../../src/contract/recordedQuery';
import { type QuotaRequest } from '../manage/recordingQuota';
import { type PendingDeletion } from './upkeep';

export interface Definition {
  /** Unique within the source. */
  name: string;
  /** Of a raw one: series selectors, one a line. */
  expression: string;
  /** Keeps the series that its selectors match as they are, instead of results; `stepMs` is `RAW_STEP_MS` then. */
  raw?: boolean;
  stepMs: number;
  /** `7d`, `30d`, `1y`, `forever`, … as it was asked for last; a longer one may still hold, see `PendingDeletion`. */
  retention: string;
  /** Absent: nothing was ever recorded under another definition. */
  version?: number;
}

/** A recorded query as people manage it: its current version, its state, and who changed it when (absent: a program did). */
export interface StoredDefinition extends Definition {
  /** Grows when the expression or the step changes. */
  version: number;
  /** Grows with every change; an edit names the one it was made from. */
  revision: number;
  /** Defined by a config file, hence read-only elsewhere. */
  provisioned: boolean;
  paused: boolean;
  createdAtMs: number;
  createdBy?: string;
  updatedAtMs: number;
  updatedBy?: string;
}

/** What is not named stays. Another expression or step starts a new version; old samples keep theirs. */
export type DefinitionChange = Partial<Pick<StoredDefinition, 'expression' | 'stepMs' | 'retention' | 'paused'>>;

export interface DefinitionEdit {
  name: string;
  /** The revision the editor saw; another one now is a `CONFLICT`. */
  revision: number;
  /** Login of the user. */
  by: string;
}

/** The definitions of one source's recorded queries. Every method throws `PromkeepError` only. */
export interface Definitions {
  /** Makes those of a config file known, under the epoch of whoever leads; those missing from the list are paused with their data kept. */
  provision(queries: readonly Definition[], epoch?: number): Promise<void>;
  /** All that are not deleted, by name. */
  list(): Promise<StoredDefinition[]>;
  /** Throws `CONFLICT` when the name is taken, and `LIMIT_EXCEEDED`; two at once cannot pass the last place together. */
  create(query: Definition, by: string, quota?: QuotaRequest): Promise<StoredDefinition>;
  /** Throws `NOT_FOUND`, `CONFLICT`, `LIMIT_EXCEEDED` as `create`, and `FORBIDDEN` for provisioned ones. */
  change(edit: DefinitionEdit, change: DefinitionChange, quota?: QuotaRequest): Promise<StoredDefinition>;
  /** What the recorded queries of the source and of its organisation take now, also those of a config file. */
  use(): Promise<RecordingAmounts>;
  /**
   * Ends a query at once. Its data stays until it expires, or, to be deleted `withData`, until the grace time is over. Throws as
   * `change`.
   */
  remove(edit: DefinitionEdit, withData: boolean): Promise<void>;
  /** What waits for these queries and for the archive as a whole, by date. */
  pending(): Promise<PendingDeletion[]>;
  /** Ends the waiting of what waits for a query: its retention stays, or it goes on being recorded. Throws `NOT_FOUND`, `LIMIT_EXCEEDED`. */
  takeBack(name: string, by: string | undefined, quota?: QuotaRequest): Promise<void>;
  /**
   * Lets what waits for a query hold at once. Throws `NOT_FOUND`.
   *
   * @param by login of the user; absent: the command line
   * @returns whether all that was to be deleted is gone; if it is not when the signal aborts, the archive's upkeep does the rest
   */
  carryOut(name: string, by: string | undefined, signal: AbortSignal): Promise<boolean>;
}
