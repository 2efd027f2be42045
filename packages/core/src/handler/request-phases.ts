/**
 * Where a request's time went, in milliseconds; what did not happen or is not known is absent. A request that used
 * several models has the sum. Rows of a batch share its tensor and infer times.
 */
export interface RequestPhases {
  /** From the body's bytes to a validated Frame. */
  decodeMs?: number;
  /** Waiting for a batch to be formed, and for its turn to run. */
  queueMs?: number;
  /** Features to the model's inputs. */
  vectorizeMs?: number;
  /** Columns to tensors and back. */
  tensorMs?: number;
  /** The model's run, with the way to its worker and back. */
  inferMs?: number;
  /** From the answer's Frame to bytes. */
  encodeMs?: number;
}
