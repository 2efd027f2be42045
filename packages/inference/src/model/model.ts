import type { BatchContext, Concurrent, Context, Frame } from '@witan/core';
import type { ModelSignature } from '../runner/signature.js';
import type { TensorMap } from '../tensor/tensor.js';

export interface ModelRunOptions {
  /** Fires when nobody waits for the answer any more: rows that are not under way yet are dropped. */
  readonly signal?: AbortSignal;
  /** When the caller stops waiting, in milliseconds of the same clock as `Context.deadline`. */
  readonly deadline?: number;
  /** Only these outputs are computed. @default all */
  readonly outputs?: readonly string[];
  /**
   * The request that this run is for: its deadline, priority and disconnect count. With a batched handler's
   * BatchContext the rows go on at once, as the batch itself does: they have waited at the handler's gate.
   */
  readonly context?: Context<object> | BatchContext<object>;
}

/**
 * A model that is loaded and warm. Injected by `@InjectModel(name)` into providers and by `@UseModel(name)` into
 * handlers. `I` and `O` are the records of a row of its input and output, for the type checker; left out, any Frame
 * goes in, and what comes out is taken for what the caller says it is (a handler's `out` is checked at run time).
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a Frame of any schema class must fit where no types are given
export abstract class Model<I extends object = any, O extends object = any> implements Concurrent {
  /** Only for the type checker. */
  declare readonly __records?: readonly [I, O];
  abstract readonly name: string;
  /** @default '1' */
  abstract readonly version: string;
  abstract readonly signature: ModelSignature;
  /** How many batches run at the same time. */
  abstract readonly concurrency: number;

  /**
   * Runs the rows, joined with those of other callers into batches, and gives exactly theirs, in order. Columns are
   * mapped to inputs by name, or packed in order into a single `[N, D]` input; see docs/guide/models.md. Tensors must
   * share their first dimension.
   * @example
   * const scores = await model.run(frame, { signal: context.signal });
   * @throws {INF_ERR_MAPPING} (rejects) when the columns do not fit the model.
   * @throws {INF_ERR_INPUT} (rejects) when tensors do not fit it, or a cell is null.
   * @throws {INF_ERR_OUTPUT_UNKNOWN | INF_ERR_OUTPUT_ROWS | INF_ERR_OUTPUT_NAN} (rejects)
   * @throws {INF_ERR_RUN | INF_ERR_RUN_TIMEOUT | INF_ERR_RUNNER_EXIT} (rejects) when the run failed.
   * @throws {INF_ERR_MODEL_FAILED | INF_ERR_MODEL_CLOSED | INF_ERR_CIRCUIT_OPEN} (rejects) unrun.
   */
  abstract run(input: Frame<I> | TensorMap, options?: ModelRunOptions): Promise<Frame<O>>;

  /**
   * Runs exactly these tensors, unbatched, and gives the outputs as they come: for models whose inputs or outputs
   * have no rows. Runs wait, up to `maxQueueRows` of them (4096 by default), while all runners are busy.
   * @throws {INF_ERR_INPUT} (rejects) and as {@link run} does.
   */
  abstract runTensors(feeds: TensorMap, options?: ModelRunOptions): Promise<TensorMap>;
}
