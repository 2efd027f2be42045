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

/** {@link RequestPhases} while they are measured; every member is there from the start, which is what engines are fast with. */
export class PhaseTimes implements RequestPhases {
  decodeMs: number | undefined = undefined;
  queueMs: number | undefined = undefined;
  vectorizeMs: number | undefined = undefined;
  tensorMs: number | undefined = undefined;
  inferMs: number | undefined = undefined;
  encodeMs: number | undefined = undefined;
}
