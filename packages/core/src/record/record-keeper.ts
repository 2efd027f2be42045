import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ModelUse } from '../handler/model-use.js';
import type { RequestPhases } from '../handler/request-phases.js';

/** Where a provider that implements {@link RecordKeeper} is found. */
export const RECORD_KEEPER = Symbol.for('witan.recordKeeper');
/** The metadata that `@Log` leaves on a handler's method or on a service's class: a list of whatever the keeper takes. */
export const LOG_METADATA = Symbol.for('witan.log');

/** A place whose inputs and outputs are to be kept: a handler, all handlers of a service, or a model. */
export interface RecordPoint {
  readonly kind: 'handler' | 'service' | 'model';
  /** `IrisService.predict`, `IrisService`, or the model's name. */
  readonly name: string;
  /** What was asked for there, in the order of the decorators; the keeper's own form. */
  readonly requests: readonly unknown[];
  /** The names of its columns, where its schemas say them; of models nothing is known. */
  readonly columns?: { readonly input?: readonly string[]; readonly output?: readonly string[] };
}

/** One request (or one model's part of it), as it was answered or as it failed. */
export interface KeptCall {
  readonly context: Context;
  readonly point: RecordPoint;
  readonly input: Frame;
  /**
   * `undefined`: it failed, or, where `error` is `undefined` too, a handler answered early. Of a stream of answers: one
   * call for each Frame.
   */
  readonly output: Frame | undefined;
  readonly error: unknown;
  /** Milliseconds since the epoch at which the request came. */
  readonly epochMs: number;
  readonly durationMs: number;
  readonly phases: RequestPhases | undefined;
  readonly models: readonly ModelUse[];
}

/** What keeps the calls of one point. */
export interface Recorder {
  /**
   * Takes the call; reads what it needs of the Frames before it returns, or keeps references to them (they do not change
   * any more). Gives nothing where the answer may leave at once; otherwise the answer leaves when the promise is
   * fulfilled, and the request fails with what it is rejected with.
   */
  keep(call: KeptCall): void | Promise<void>;
  /**
   * Asked before any work is done: an error refuses the request (a full disk under a policy that would rather refuse).
   * @throws what the caller is to see
   */
  admit?(context: Context): void;
}

/** The one port by which a sink may hold an answer; `@witan/sinks` implements it. */
export interface RecordKeeper {
  /** Called at boot for each point. @throws an error that ends the boot: an unknown sink, a column that is not there */
  open(point: RecordPoint): Recorder | undefined;
}
