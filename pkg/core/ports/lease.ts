/** Who records a source [A11]. Every method throws `PromkeepError` only. */
export interface Lease {
  /** Takes the lease when it is free or has run out, renews it for its holder, and says in any case who has it. */
  hold(request: LeaseRequest): Promise<LeaseState>;
  /** Lets others take the lease at once; does nothing when it is another's by now. */
  release(lease: Pick<LeaseState, 'holder' | 'epoch'>): Promise<void>;
  /** Who leads now. Epoch 0 without a holder when nobody ever did. */
  current(): Promise<LeaseState>;
}

/**
 * Leadership over the recorded queries of a source [A11]. The epoch grows by one with each change of leader; what is
 * written with an older one is refused with `ARCHIVE_NOT_LEADER`.
 */
export interface LeaseState {
  /** Empty when it was released. */
  holder: string;
  epoch: number;
  /** On the database's clock; not positive when it has run out and anybody may take it. */
  expiresInMs: number;
  /** False when the holder has no config file; see `LeaseRequest`. */
  provisions?: boolean;
}

export interface LeaseRequest {
  /** Unique to one run of one program: a name that comes again after a restart would pass for its predecessor. */
  holder: string;
  durationMs: number;
  /**
   * Whether the holder makes the queries of a config file known; default true. While one that does not leads (the Grafana
   * plugin), a waiting program with a config file does it in its stead.
   */
  provisions?: boolean;
}
