import type { Access } from '@witan/core';

/** `GET /metrics`. */
export interface PrometheusOptions {
  /** @default '/metrics' */
  readonly path?: string;
  /**
   * Who may scrape: anyone who reaches the port, callers with a key that may predict, or those that may control.
   * Prometheus servers bring no key of Witan's unless they are told to. @default 'open'
   */
  readonly access?: Access;
  /** Exemplars (trace ids) for servers that ask for OpenMetrics. @default true */
  readonly exemplars?: boolean;
}
