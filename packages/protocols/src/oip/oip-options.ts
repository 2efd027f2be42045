import type { Access } from '@witan/core';

/** Options of `OipModule.forRoot`; every one has a default. */
export interface OipOptions {
  /** What the server calls itself. @default 'witan' */
  readonly serverName?: string;
  /** @default the version of @witan/protocols */
  readonly version?: string;
  /** Which models the protocol shows; others do not exist for it. @default 'all' */
  readonly models?: 'all' | readonly string[];
  /**
   * `/v2/health/ready` is true only while every model is ready; `false`: while the process takes requests.
   * @default true
   */
  readonly strictReadiness?: boolean;
  /**
   * Who may ask for metadata, configuration, statistics, the index and the documents: `true` anyone, `false` who may
   * predict. Health is open always.
   * @default true
   */
  readonly metadataOpen?: boolean;
  /** How many rows one request may have; they are run in batches. @default 1000000 */
  readonly maxRows?: number;
  readonly rest?: OipRestOptions;
}

/** Options of the REST part. */
export interface OipRestOptions {
  /** The largest request body, both as sent and after decompression. Bytes. @default 67108864 (64 MiB) */
  readonly bodyLimitBytes?: number;
  /** Answers from this size on are compressed if the caller's `accept-encoding` asks. Bytes; `false`: never. @default 1024 */
  readonly compressionMinBytes?: number | false;
  /** `/v2/docs` and the OpenAPI documents. @default true */
  readonly docs?: boolean;
}

/** Who may call what, of those options. */
export function metadataAccess({ metadataOpen = true }: OipOptions): Access {
  return metadataOpen ? 'open' : 'predict';
}
