/** How a Parquet file is compressed. */
export type ParquetCompression = 'zstd' | 'snappy' | 'gzip' | 'lz4' | 'uncompressed';

/** What the thread with Polars is asked for; `arrow` and `journal` are Arrow IPC streams. */
export type ParquetTask = { readonly id: number } & (
  | { readonly kind: 'encode'; readonly arrow: Uint8Array; readonly compression: ParquetCompression }
  | {
      readonly kind: 'convert';
      readonly journal: string;
      readonly path: string;
      readonly compression: ParquetCompression;
    }
  | { readonly kind: 'read'; readonly path: string }
);

export interface ParquetAnswer {
  readonly id: number;
  readonly bytes?: Uint8Array;
  readonly error?: string;
}
