import type { Context } from './context.js';
import type { ModelUse } from './model-use.js';

/** One request's share of a batch. */
export interface BatchedRequest<P extends object = Record<string, string>> {
  readonly context: Context<P>;
  /** First row of this request in the batch's Frame. */
  readonly start: number;
  /** One past its last row. */
  readonly end: number;
}

/** What a batched handler sees instead of a Context: the requests whose rows it got. */
export abstract class BatchContext<P extends object = Record<string, string>> {
  abstract readonly requests: readonly BatchedRequest<P>[];
  /** Equal for every request of the batch: parameters are part of the gate's key. */
  abstract readonly params: Readonly<P>;
  /** Fires when every request of the batch is gone. */
  abstract readonly signal: AbortSignal;
  /** The latest deadline of the batch's requests, or `undefined` if one has none. */
  abstract readonly deadline: number | undefined;

  /** Whether the requests run again in parts when they fail together. @internal */
  get bisects(): boolean {
    return true;
  }

  /** {@link Context.noteModel} for every request of the batch. @internal */
  noteModel(use: ModelUse): void {
    for (const { context } of this.requests) context.noteModel(use);
  }
}
