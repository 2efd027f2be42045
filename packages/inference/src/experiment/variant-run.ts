import type { ServedModel } from '../model/served-model.js';
import type { ModelRunOptions } from '../model/model.js';
import type { NamedOutput } from './shadow/named-output.js';

/** One run of a model on behalf of requests: made so that it can be made again on another model. */
export interface VariantRun<T> {
  /** `context`: in place of the requests' own, where nobody waits for the answer. */
  on(served: ServedModel, context?: ModelRunOptions['context']): T | Promise<T>;
  /** What is compared. */
  outputs(answer: T): readonly NamedOutput[];
  readonly rows: number;
  /** Of what it holds on to, to be run again. */
  bytes(): number;
}
