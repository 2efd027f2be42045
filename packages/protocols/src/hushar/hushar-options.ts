/** Options of `HusharModule.forRoot`. */
export interface HusharOptions {
  /** The name of the model, as `ModelModule` knows it. */
  readonly model: string;
  /** The vectorization config: the path of a JSON file, or what such a file holds. @default the model's own (`vectorize`) */
  readonly vectorization?: string | object;
  /** What the model is called in logs and on the banner. @default the model's name */
  readonly modelId?: string;
  /** The output whose numbers are the scores. @default the model's first */
  readonly output?: string;
  /** Rows of one request. @default 1_000_000 */
  readonly maxRows?: number;
  /** Bytes that one request's rows may take once they are numbers. @default 268_435_456 (256 MiB) */
  readonly maxDecodedBytes?: number;
}
