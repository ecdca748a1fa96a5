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
