import { type Definitions } from './definitions';
import { type History } from './history';
import { type Lease, type LeaseState } from './lease';
import { type Gap, type Ledger } from './ledger';
import { type RawHistory, type RawStore } from './rawSeries';
import { type SampleStore } from './sampleStore';
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

/**
 * What keeps the samples of one source, by role. Only who opens an archive has all of it; everybody else is given the roles they
 * use. Every method throws `PromkeepError` only.
 */
export interface Archive {
  readonly samples: SampleStore;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly definitions: Definitions;
  readonly history: History;
  readonly raw: RawStore & RawHistory;
  /** Brings the schema up to date; safe when several programs do it at once. Called by every other method when it was not. */
  migrate(): Promise<{ from: number; to: number }>;
  status(): Promise<ArchiveStatus>;
  poolUse(): PoolUse;
  close(): Promise<void>;
}

/** Those methods of the roles that a caller uses: `Uses<{ ledger: 'entries'; lease: 'current' }>`. */
export type Uses<Wanted extends { readonly [Role in keyof Roles]?: keyof Roles[Role] }> = {
  readonly [Role in keyof Wanted & keyof Roles]: Pick<Roles[Role], Wanted[Role] & keyof Roles[Role]>;
};

type Roles = Pick<Archive, 'samples' | 'ledger' | 'lease' | 'definitions' | 'history' | 'raw'>;

/** Connections of a program to its archive, as of now. */
export interface PoolUse {
  busy: number;
  idle: number;
  /** Work that waits for a connection. */
  waiting: number;
  limit: number;
}
