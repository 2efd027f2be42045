import type { Batch } from '../batch/batch-gate.js';
import { BatchContext, type BatchedRequest } from './batch-context.js';
import type { Context } from './context.js';
import type { ModelUse } from './model-use.js';

/** The BatchContext of a batch that a gate formed; what costs something is made on first use. */
export class GateBatchContext extends BatchContext<object> {
  private list: readonly BatchedRequest<object>[] | undefined;

  constructor(private readonly batch: Batch<Context<object>>) {
    super();
  }

  get requests(): readonly BatchedRequest<object>[] {
    return (this.list ??= this.batch.items.map(({ item, start, end }) => ({ context: item.context!, start, end })));
  }

  /** Without making the list of requests, which most handlers never ask for. */
  override noteModel(use: ModelUse): void {
    for (const { item } of this.batch.items) item.context!.noteModel(use);
  }

  override get bisects(): boolean {
    return this.batch.bisects;
  }

  get params(): Readonly<object> {
    return this.batch.items[0]?.item.context?.params ?? {};
  }

  get signal(): AbortSignal {
    return this.batch.signal;
  }

  get deadline(): number | undefined {
    let latest = 0;
    for (const { context } of this.requests) {
      if (context.deadline === undefined) return undefined;
      latest = Math.max(latest, context.deadline);
    }
    return latest;
  }
}
