import type { Clock } from '../clock.js';
import { WitanError } from '../errors/witan-error.js';
import { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ModelUse } from '../handler/model-use.js';
import type { ServiceResult } from '../service/runtime.js';
import { isPromise } from '../service/is-promise.js';
import { isStream } from '../service/stream.js';
import type { Recorder, RecordPoint } from './record-keeper.js';
import { recordError } from './record.errors.js';

/** A place whose calls are kept. What it wraps stays synchronous where the recorder has nothing to wait for. */
export class RecordedPoint {
  constructor(
    readonly point: RecordPoint,
    private readonly recorder: Recorder,
    private readonly clock: Clock,
    private readonly use?: ModelUse,
  ) {}

  /** Of a model: of that version. */
  of(use: ModelUse): RecordedPoint {
    return new RecordedPoint(this.point, this.recorder, this.clock, use);
  }

  /** Before any work. @throws what the recorder refuses the request with */
  admit(context: Context<object>): void {
    this.recorder.admit?.(context as Context);
  }

  now(): number {
    return this.clock.now();
  }

  /** What came of a call that began at `startedAt`; it goes on when the record was kept. */
  answered<T extends ServiceResult>(context: Context<object>, input: Frame, startedAt: number, result: T): Kept<T>;
  answered(context: Context<object>, input: Frame, startedAt: number, result: ServiceResult): Kept<ServiceResult> {
    if (!(result instanceof Frame) && isStream(result)) return this.stream(context, input, startedAt, result);
    const output = result instanceof Frame ? result : undefined;
    const wait = this.keep(context, input, startedAt, output, undefined);
    return wait ? wait.then(() => result, this.notKept) : result;
  }

  /** The same for a call that failed: throws, or rejects, with its error. */
  failed(context: Context<object>, input: Frame, startedAt: number, error: unknown): Promise<never> {
    const wait = this.keep(context, input, startedAt, undefined, error);
    if (!wait) throw error;
    return wait.then(() => {
      throw error;
    }, this.notKept);
  }

  /** {@link answered} or {@link failed} for what is still under way. */
  settle<T extends ServiceResult>(
    context: Context<object>,
    input: Frame,
    startedAt: number,
    result: T | Promise<T>,
  ): Kept<T> {
    if (!isPromise(result)) return this.answered(context, input, startedAt, result);
    return result.then(
      (value) => this.answered(context, input, startedAt, value),
      (error: unknown) => this.failed(context, input, startedAt, error),
    );
  }

  private async *stream(
    context: Context<object>,
    input: Frame,
    startedAt: number,
    frames: AsyncIterable<Frame>,
  ): AsyncGenerator<Frame> {
    const iterator = frames[Symbol.asyncIterator]();
    let open = true;
    try {
      for (;;) {
        const step = await iterator.next().catch((error: unknown) => {
          open = false;
          return this.failed(context, input, startedAt, error);
        });
        if (step.done) break;
        await this.keep(context, input, startedAt, step.value, undefined)?.catch(this.notKept);
        yield step.value;
      }
      open = false;
    } finally {
      // Whoever reads has gone, or the record could not be kept: the handler's generator is to run its `finally`.
      if (open) await iterator.return?.();
    }
  }

  private keep(
    context: Context<object>,
    input: Frame,
    startedAt: number,
    output: Frame | undefined,
    error: unknown,
  ): void | Promise<void> {
    const { phases } = context;
    const models = this.modelsOf(context);
    const durationMs = this.clock.now() - startedAt;
    const epochMs = this.clock.epochMs() - durationMs;
    try {
      return this.recorder.keep({
        context: context as Context,
        point: this.point,
        input,
        output,
        error,
        epochMs,
        durationMs,
        phases,
        models,
      });
    } catch (cause) {
      throw this.unkept(cause);
    }
  }

  /** Other protocols have callers that know less than a Context does. */
  private modelsOf({ models = [] }: Partial<Context<object>>): readonly ModelUse[] {
    const { use } = this;
    if (!use) return models;
    return [models.find(({ model, version }) => model === use.model && version === use.version) ?? use];
  }

  private readonly notKept = (cause: unknown): never => {
    throw this.unkept(cause);
  };

  private unkept(cause: unknown): WitanError {
    if (WitanError.is(cause)) return cause;
    return recordError('CORE_ERR_RECORD_KEEP', `the record of this call of ${this.point.name} could not be kept`, {
      cause,
    });
  }
}

type Kept<T> = T | Promise<T>;
