/** Promkeep's own metrics, as the HTTP server feeds and serves them. */
export interface ServerMetrics {
  requested(route: string, status: number, seconds: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}
