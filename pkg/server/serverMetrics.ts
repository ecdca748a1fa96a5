/** Promkeep's own metrics, as the HTTP server feeds and serves them. */
export interface ServerMetrics {
  requested(route: string, status: number, seconds: number): void;
  /** An answer to remote read is over: of which kind it was, and the samples in it. */
  remotelyRead(kind: 'samples' | 'chunks', samples: number, seconds: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}
