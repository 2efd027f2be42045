/** What one burst of load saw. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no success, and requests without an answer. */
  readonly errors: number;
}

/** How hard, and how long. */
export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
  /** Requests in flight on each connection; HTTP/2 only. @default 1 */
  readonly streams?: number;
  /** Requests a second over all connections; HTTP/2 only. @default as many as the server answers */
  readonly rate?: number;
}
