import { type Series } from '../model/series';
import { type TimeRange } from '../model/timeRange';
import { type Definition, type Definitions } from './definitions';
import { type History } from './history';
import { type LeaseRequest, type LeaseState } from './lease';
import { type Gap, type LedgerEntry } from './ledger';
import { type ArchiveRead, type RangeWrite, type WriteOutcome } from './sampleStore';
import { type PendingDeletion, type UpkeepFailure } from './upkeep';

/** Identity of a source in the archive [A2]: plugin and stand-alone program are the same archiver when both agree. */
export interface SourceIdentity {
  orgId: number;
  name: string;
}

export interface ArchiveStatus {
  schemaVersion: number;
  serverVersion: string;
  samples: number;
  series: number;
  bytes: number;
  /** Absent when nobody ever led. */
  lease?: LeaseState;
  queries: Array<{
    name: string;
    kind: 'recorded' | 'kept' | 'inserted';
    expression: string;
    stepMs: number;
    newestMs?: number;
    coveredMs: number;
    gaps: Gap[];
  }>;
  /** Deletions that wait for their date. */
  pending: PendingDeletion[];
  /** Queries for which the upkeep failed. */
  failures: UpkeepFailure[];
}

/** Samples in PostgreSQL for one source. Every method throws `PromkeepError` only; nothing is acknowledged before its commit [A4]. */
export interface Archive {
  /** Brings the schema up to date; safe when several programs do it at once. Called by every other method when it was not. */
  migrate(): Promise<{ from: number; to: number }>;
  /** Makes the recorded queries of the config known; those missing from the list are paused with their data kept. */
  provision(queries: readonly Definition[], epoch?: number): Promise<void>;
  writeRange(write: RangeWrite, signal: AbortSignal): Promise<WriteOutcome>;
  readSeries(read: ArchiveRead, signal: AbortSignal): Promise<Series[]>;
  /** What is covered of a recorded query's current version, ascending and disjoint. */
  coverage(name: string): Promise<TimeRange[]>;
  /** Notes why a range is missing; covered ranges are never reported as gaps. */
  noteGap(name: string, gap: Gap, epoch?: number): Promise<void>;
  /** Takes the lease when it is free or has run out, renews it for its holder, and says in any case who has it. */
  holdLease(request: LeaseRequest): Promise<LeaseState>;
  /** Lets others take the lease at once; does nothing when it is another's by now. */
  releaseLease(lease: Pick<LeaseState, 'holder' | 'epoch'>): Promise<void>;
  /** Who leads now. Epoch 0 without a holder when nobody ever did. */
  currentLease(): Promise<LeaseState>;
  /** All recorded queries, by name. */
  ledger(): Promise<LedgerEntry[]>;
  /** The definitions of the recorded queries, for those who manage or run them. */
  readonly definitions: Definitions;
  /** What is archived of them. */
  readonly history: History;
  /** Samples kept since the start of the UTC day, for the limit on *keep*. */
  keptToday(): Promise<number>;
  status(): Promise<ArchiveStatus>;
  close(): Promise<void>;
}

/** Connections of a program to its archive, as of now. */
export interface PoolUse {
  busy: number;
  idle: number;
  /** Work that waits for a connection. */
  waiting: number;
  limit: number;
}
