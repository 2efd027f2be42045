import type { BatchGate } from '../batch/batch-gate.js';
import type { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { HandlerCall, Selection } from '../handler/handler-call.js';
import { frameOfResult, framesOfStream } from '../handler/handler-result.js';
import type { RecordedPoint } from '../record/recorded-point.js';
import { isPromise } from './is-promise.js';
import type { StepBlueprint } from './blueprint.js';
import type { ServiceResult } from './runtime.js';
import { handlerError } from '../handler/handler.errors.js';
import { isStream } from './stream.js';

/** One step, ready to run. */
export interface ChainStep {
  readonly blueprint: StepBlueprint;
  /** The instance that Nest made; absent when its provider is request-scoped and made per request. */
  readonly instance: object | undefined;
  readonly call: HandlerCall;
  /** Present on batched steps. */
  readonly gate?: BatchGate<Context<object>>;
  /** Keeps batches of different models apart; only of batched steps. */
  readonly selection?: Selection;
  /** Present on handlers whose calls are kept. */
  readonly recorded?: RecordedPoint;
}

/** Makes the instances of request-scoped steps; see {@link Chain.run}. */
export type Instances = (step: ChainStep) => object;

/** The handlers of one service, in order. Stays synchronous as long as its handlers do. */
export class Chain {
  constructor(
    readonly steps: readonly ChainStep[],
    private readonly hasParams: boolean,
  ) {}

  run(frame: Frame, context: Context<object>, instances?: Instances): ServiceResult | Promise<ServiceResult> {
    return this.runFrom(0, frame, context, instances);
  }

  private runFrom(
    first: number,
    input: Frame,
    context: Context<object>,
    instances?: Instances,
  ): ServiceResult | Promise<ServiceResult> {
    let frame = input;
    for (let i = first; i < this.steps.length; i++) {
      const step = this.steps[i]!;
      if (step.recorded) return this.recordedFrom(i, step.recorded, frame, context, instances);
      const given = step.gate
        ? this.submit(step.gate, step.selection, frame, context)
        : step.call(step.instance ?? instances!(step), frame, context);
      if (given instanceof Promise) return given.then((value) => this.proceed(i, value, context, instances));
      if (given instanceof Answer) return given;
      if (isStream(given)) return this.streamFrom(i, given, context, instances);
      frame = frameOfResult(given, step.blueprint.output, step.blueprint.name);
    }
    return frame;
  }

  /** The rest of the chain from a handler whose calls are kept. */
  private recordedFrom(
    i: number,
    recorded: RecordedPoint,
    frame: Frame,
    context: Context<object>,
    instances?: Instances,
  ): ServiceResult | Promise<ServiceResult> {
    const startedAt = recorded.now();
    let result: ServiceResult | Promise<ServiceResult>;
    try {
      result = this.runStep(this.steps[i]!, frame, context, instances);
    } catch (error) {
      return recorded.failed(context, frame, startedAt, error);
    }
    const kept = recorded.settle(context, frame, startedAt, result);
    if (isPromise(kept)) return kept.then((value) => this.afterStep(i, value, context, instances));
    return this.afterStep(i, kept, context, instances);
  }

  /** One handler alone. */
  private runStep(
    step: ChainStep,
    frame: Frame,
    context: Context<object>,
    instances?: Instances,
  ): ServiceResult | Promise<ServiceResult> {
    if (step.gate) return this.submit(step.gate, step.selection, frame, context);
    const { output, name } = step.blueprint;
    const checked = (value: unknown): ServiceResult => {
      if (value instanceof Answer) return value;
      return isStream(value) ? framesOfStream(value, output, name) : frameOfResult(value, output, name);
    };
    const given = step.call(step.instance ?? instances!(step), frame, context);
    return given instanceof Promise ? given.then(checked) : checked(given);
  }

  private afterStep(
    i: number,
    result: ServiceResult,
    context: Context<object>,
    instances?: Instances,
  ): ServiceResult | Promise<ServiceResult> {
    if (i + 1 === this.steps.length || result instanceof Answer) return result;
    return isStream(result)
      ? this.streamFrom(i, result, context, instances)
      : this.runFrom(i + 1, result, context, instances);
  }

  private proceed(
    i: number,
    value: unknown,
    context: Context<object>,
    instances?: Instances,
  ): ServiceResult | Promise<ServiceResult> {
    const { gate, blueprint } = this.steps[i]!;
    if (value instanceof Answer) return value;
    if (isStream(value)) return this.streamFrom(i, value, context, instances);
    // What comes out of a gate was checked there, for the whole batch at once.
    const frame = gate ? (value as Frame) : frameOfResult(value, blueprint.output, blueprint.name);
    return i + 1 === this.steps.length ? frame : this.runFrom(i + 1, frame, context, instances);
  }

  /** The rest of the chain, over every Frame of a stream. */
  private async *streamFrom(
    i: number,
    stream: AsyncIterable<unknown>,
    context: Context<object>,
    instances?: Instances,
  ): AsyncGenerator<Frame> {
    const { blueprint } = this.steps[i]!;
    for await (const frame of framesOfStream(stream, blueprint.output, blueprint.name)) {
      const result = await this.runFrom(i + 1, frame, context, instances);
      if (result instanceof Answer) {
        throw handlerError(
          'CORE_ERR_HANDLER_RESULT',
          `a handler after ${blueprint.name} answered early, but ${blueprint.name} streams`,
        );
      }
      if (isStream(result)) yield* result;
      else yield result;
    }
  }

  private submit(
    gate: BatchGate<Context<object>>,
    selection: Selection | undefined,
    frame: Frame,
    context: Context<object>,
  ): Promise<Frame> {
    const wait = selection?.prepare(context, frame);
    if (wait) return wait.then(() => this.queue(gate, selection, frame, context));
    return this.queue(gate, selection, frame, context);
  }

  private queue(
    gate: BatchGate<Context<object>>,
    selection: Selection | undefined,
    frame: Frame,
    context: Context<object>,
  ): Promise<Frame> {
    return gate.submit({ frame, key: this.batchKey(context, selection, frame), caller: context, context });
  }

  /** Requests with different parameters, or that select another model, never share a batch. */
  private batchKey(context: Context<object>, selection: Selection | undefined, frame: Frame): string | undefined {
    const params = this.hasParams ? JSON.stringify(context.params) : undefined;
    return selection ? `${params ?? ''}\0${selection.keyOf(context, frame)}` : params;
  }
}
