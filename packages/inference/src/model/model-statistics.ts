/** A count of events and the time they took together, in nanoseconds. */
export interface DurationStatistic {
  readonly count: number;
  readonly ns: number;
}

/** Batches of one size. */
export interface BatchSizeStatistic {
  readonly batchSize: number;
  readonly computeInput: DurationStatistic;
  readonly computeInfer: DurationStatistic;
  readonly computeOutput: DurationStatistic;
}

/** What one loaded model version has done since it was loaded; Triton's counters under its names. */
export interface ModelStatistics {
  /** Milliseconds since the epoch of the last request; 0: none yet. */
  readonly lastInferenceMs: number;
  /** Rows that were answered. */
  readonly inferenceCount: number;
  /** Runs of the model. */
  readonly executionCount: number;
  /** Whole requests, from submit to answer. */
  readonly success: DurationStatistic;
  readonly fail: DurationStatistic;
  /** Waiting for a batch. */
  readonly queue: DurationStatistic;
  /** Packing columns into tensors. */
  readonly computeInput: DurationStatistic;
  /** The run, with the way to the worker and back. */
  readonly computeInfer: DurationStatistic;
  /** Taking the outputs apart. */
  readonly computeOutput: DurationStatistic;
  readonly batches: readonly BatchSizeStatistic[];
}
