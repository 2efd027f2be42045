import {
  type Batch,
  BatchContext,
  BatchGate,
  type BatchOptions,
  canBisect,
  type Clock,
  Context,
  type ModelUse,
  type RequestPhases,
  type SchemaSpec,
} from '@witan/core';
import { Frame, type FrameSource } from '@witan/core/frame';
import type { ExecutionMode, Runner, RunnerState } from '../runner/runner.js';
import type { ModelSignature } from '../runner/signature.js';
import { blankFeeds } from '../runner/warm-up.js';
import type { TensorMap } from '../tensor/tensor.js';
import type { CastRule } from './cast.js';
import { InputPlan, type InputPlanOptions, type NullRule } from './input-plan.js';
import { layoutOfSchema } from './layout.js';
import { mapColumns } from './mapping.js';
import { inferChannel } from './infer-channel.js';
import { inferEvent, notePhases, noteVectorizing, sourceOf } from './infer-told.js';
import { Model, type ModelRunOptions } from './model.js';
import { ModelCounters, type RunTimes } from './model-counters.js';
import type { ModelStatistics } from './model-statistics.js';
import { emptyOutputs, frameOfOutputs, type NanRule } from './output-frame.js';
import { type OutputView, selectOutputs, viewForSchema, wholeView } from './output-view.js';
import type { VectorizerStatistics } from '../vectorize/vectorizer-statistics.js';
import { forgetModel, rememberModel } from './report-models.js';
import { checkTensors, frameOfTensors } from './tensor-frame.js';
import { TensorRuns } from './tensor-runs.js';

export interface ServedModelParts {
  readonly name: string;
  readonly version: string;
  /** Its file, for tools. @default '' */
  readonly path?: string;
  readonly runner: Runner;
  /** `false`: every call is a run of its own. */
  readonly batch: BatchOptions | false;
  readonly cast: CastRule;
  readonly nulls: NullRule;
  readonly nan: NanRule;
  readonly clock: Clock;
  /** Makes the model's input of Frames of features. */
  readonly vectorizer?: FrameVectorizer;
  /** Called when the runner was let go. */
  readonly onClosed?: () => void;
}

/** What a vectorizer is to a model: it knows its own features, and leaves alone what is the model's input already. */
export interface FrameVectorizer {
  /**
   * The frame with the model's one input column; itself, when it is that already. `context`: the callers, who may want to
   * know what their rows lacked.
   * @throws when a cell cannot be turned into numbers
   */
  apply(frame: Frame<object>, context?: Context<object> | BatchContext<object>): Frame;
  /** The columns that it takes; a handler's input schema has some of them. */
  readonly features: readonly string[];
  /** What it has counted, for metrics. */
  stats?(): VectorizerStatistics;
  /** The same as a typed service has them. */
  readonly schema?: SchemaSpec;
}

/** What a handler's schemas ask of a model; see `@UseModel`. */
export interface SchemaBinding {
  /** The handler, for messages. */
  readonly handler: string;
  readonly input?: SchemaSpec;
  readonly output?: SchemaSpec;
}

/** One run under way. */
interface ModelRun {
  readonly frame: Frame;
  readonly view: OutputView;
  readonly batch: Batch<OutputView> | undefined;
  readonly source: FrameSource | undefined;
  readonly times: RunTimes;
}

const NO_OPTIONS: ModelRunOptions = {};
const NO_PHASES: readonly RequestPhases[] = [];
/** Names that requests ask for a version by, which are remembered. */
const MAX_USES = 64;
/** Selections of outputs that are remembered. */
const MAX_VIEWS = 64;

/** A model as this process serves it: a batch gate in front of a runner. */
export class ServedModel extends Model {
  readonly name: string;
  readonly version: string;
  readonly signature: ModelSignature;
  /** The gate that joins callers' rows; its options can be changed while it runs. */
  readonly gate: BatchGate<OutputView>;
  private readonly runner: Runner;
  private readonly who: string;
  private readonly planOptions: InputPlanOptions;
  private readonly whole: OutputView;
  private readonly views = new Map<string, OutputView>();
  private readonly counters = new ModelCounters();
  private readonly uses = new Map<string, ModelUse>();
  private plan: InputPlan | undefined;
  private alone = 0;
  private readonly tensorRuns: TensorRuns;

  constructor(private readonly parts: ServedModelParts) {
    super();
    this.name = parts.name;
    this.version = parts.version;
    this.runner = parts.runner;
    this.signature = parts.runner.signature;
    this.who = `model '${parts.name}'`;
    this.planOptions = { cast: parts.cast, nulls: parts.nulls, reuse: this.runner.synchronous, who: this.who };
    this.whole = wholeView(this.signature);
    this.gate = new BatchGate<OutputView>((batch) => this.runBatch(batch), gateOptions(parts), {
      clock: parts.clock,
      name: this.who,
    });
    const { runner, batch, clock } = parts;
    const { name: model, version, counters, who } = this;
    this.tensorRuns = new TensorRuns({ runner, batch, clock, counters, model, version, who });
    for (const { rows, ms } of this.runner.report.warmUp) this.gate.seedCost(rows, ms);
    rememberModel(this);
  }

  /**
   * What a request's Context is told of the model that answers it: the same object for all of them. `asked`: the version
   * or alias that the request or the handler named. @internal
   */
  useAs(asked: string = this.version): ModelUse {
    let use = this.uses.get(asked);
    if (use) return use;
    const { name: model, version } = this;
    use = asked === '' || asked === version ? { model, version } : { model, version, alias: asked };
    if (this.uses.size < MAX_USES) this.uses.set(asked, use);
    return use;
  }

  /** Its file on this machine. */
  get path(): string {
    return this.parts.path ?? '';
  }

  /** What makes its input of named features, where its configuration says so. */
  get vectorizer(): FrameVectorizer | undefined {
    return this.parts.vectorizer;
  }

  /** Options of the gate that follow from the runners and from the file. */
  get fixedBatchOptions(): readonly (keyof BatchOptions)[] {
    return this.signature.batch.kind === 'fixed' ? ['concurrency', 'maxRows'] : ['concurrency'];
  }

  /** Whether callers' rows are joined; otherwise every call is a run of its own. */
  get isBatched(): boolean {
    return this.parts.batch !== false;
  }

  get mode(): ExecutionMode {
    return this.runner.mode;
  }

  get concurrency(): number {
    return this.runner.concurrency;
  }

  get state(): RunnerState {
    return this.runner.state;
  }

  /** Why the state is `failed`. */
  get failure(): Error | undefined {
    return this.runner.failure;
  }

  get runnerReport(): Runner['report'] {
    return this.runner.report;
  }

  /** What it has done since it was loaded. */
  /** All that callers may wait at: batches', and the one of tensors that are run as they are. @internal */
  get gates(): readonly Pick<BatchGate, 'name' | 'stats'>[] {
    return [this.gate, this.tensorRuns.gate];
  }

  get statistics(): ModelStatistics {
    const { refusedFull, refusedLate, expired, cancelled } = this.gate.stats();
    return this.counters.statistics(refusedFull + refusedLate + expired + cancelled + this.tensorRuns.refused);
  }

  /** Whether anything waits or runs. */
  get isBusy(): boolean {
    const { queuedRequests, inFlight } = this.gate.stats();
    return queuedRequests + inFlight > 0 || this.tensorRuns.isBusy;
  }

  /** Runs blank rows past the gate, so that their answer counts nowhere. @throws {INF_ERR_RUN} */
  async warmUp(rows: number): Promise<void> {
    const { batch } = this.signature;
    const count = batch.kind === 'fixed' ? batch.rows : rows;
    await this.runner.run(blankFeeds(this.signature, count), this.whole.outputs);
  }

  override run(input: Frame<object> | TensorMap, options: ModelRunOptions = NO_OPTIONS): Promise<Frame> {
    return this.runAs(input, options, this.whole);
  }

  /** @internal {@link run} for a caller with names of its own for the outputs. */
  runAs(input: Frame<object> | TensorMap, options: ModelRunOptions, view: OutputView): Promise<Frame> {
    try {
      const frame =
        input instanceof Frame
          ? this.vectorized(input as Frame, options)
          : frameOfTensors(this.signature, input as TensorMap, this.who);
      const wanted = options.outputs === undefined ? view : this.selection(view, options.outputs);
      if (frame.rows === 0) return Promise.resolve(this.emptyFor(frame, wanted));
      this.planFor(frame);
      if (isFormed(frame, options)) return this.runFormed(frame, options, wanted);
      return this.submit(frame, options, wanted, false);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override async runTensors(feeds: TensorMap, options: ModelRunOptions = NO_OPTIONS): Promise<TensorMap> {
    checkTensors(this.signature, feeds, this.who);
    const { outputs } = options.outputs ? this.selection(this.whole, options.outputs) : this.whole;
    return this.tensorRuns.run(feeds, outputs, options);
  }

  /**
   * Checks a handler's input schema against the model, and gives a view of the model whose outputs have the names and
   * shapes of the handler's output schema.
   * @throws {INF_ERR_MAPPING}
   */
  bindSchemas({ handler, input, output }: SchemaBinding): Model {
    if (input && !this.takesFeatures(input))
      mapColumns(this.signature, layoutOfSchema(input), this.parts.cast, `${this.who} in ${handler}`);
    const view = output ? viewForSchema(this.whole, output) : this.whole;
    return view === this.whole ? this : new ModelView(this, view);
  }

  /** Answers what waits, for up to `drainMs`, then lets the runner go. */
  async close(drainMs: number): Promise<void> {
    await Promise.all([this.gate.drain(drainMs), this.tensorRuns.drain(drainMs)]);
    await this.runner.close(drainMs);
    forgetModel(this);
    this.parts.onClosed?.();
  }

  private vectorized(frame: Frame, { context }: ModelRunOptions): Frame {
    const { vectorizer } = this.parts;
    if (!vectorizer) return frame;
    const isWhole = context instanceof Context || context instanceof BatchContext;
    const source = sourceOf(frame, context);
    const phases = source ? source.phases : NO_PHASES;
    const begun = phases.length > 0 ? this.parts.clock.now() : 0;
    const input = isWhole ? vectorizer.apply(frame, context) : vectorizer.apply(frame);
    if (phases.length > 0 && input !== frame) noteVectorizing(phases, this.parts.clock.now() - begun);
    return input;
  }

  private takesFeatures({ columns }: SchemaSpec): boolean {
    const features = this.parts.vectorizer?.features;
    return features !== undefined && columns.some(({ name }) => features.includes(name));
  }

  /** A batch that a handler's gate has formed: run at once, and on this thread without a further promise. */
  private runFormed(frame: Frame, options: ModelRunOptions, view: OutputView): Promise<Frame> {
    if (!this.runner.synchronous || frame.rows > this.gate.options.maxRows)
      return this.submit(frame, options, view, true);
    const begun = this.parts.clock.now();
    try {
      const answer = this.runFrame(frame, view, undefined, sourceOf(frame, options.context)) as Frame;
      this.counters.answered(this.parts.clock.now() - begun, 0);
      return Promise.resolve(answer);
    } catch (error) {
      this.counters.failed(this.parts.clock.now() - begun);
      throw error;
    }
  }

  private submit(frame: Frame, options: ModelRunOptions, view: OutputView, immediate: boolean): Promise<Frame> {
    const { context, signal } = options;
    const caller = context && 'aborted' in context ? context : undefined;
    const deadline = options.deadline ?? (caller ? undefined : context?.deadline);
    const key = this.parts.batch === false ? String(this.alone++) : view.key;
    return this.gate.submit({ frame, key, caller, signal, deadline, context: view, immediate });
  }

  private runBatch(batch: Batch<OutputView>): Frame | Promise<Frame> {
    try {
      return this.runFrame(batch.frame, batch.items[0]!.item.context!, batch, batch);
    } catch (error) {
      this.countFailure(batch, error);
      throw error;
    }
  }

  /** Packs, runs and takes apart; `batch`: the requests that it is for, where a gate formed it here. */
  private runFrame(
    frame: Frame,
    view: OutputView,
    batch: Batch<OutputView> | undefined,
    source: FrameSource | undefined,
  ): Frame | Promise<Frame> {
    const { clock } = this.parts;
    const times: RunTimes = { begun: batch?.startedAt ?? clock.now(), packed: 0, answered: 0 };
    const run: ModelRun = { frame, view, batch, source, times };
    try {
      const feeds = this.planFor(frame).feeds(frame);
      times.packed = clock.now();
      const answer = this.runner.run(feeds, view.outputs);
      if (!(answer instanceof Promise)) return this.finish(answer, run);
      return answer.then(
        (tensors) => {
          try {
            return this.finish(tensors, run);
          } catch (error) {
            return this.failed(run, error);
          }
        },
        (error: unknown) => this.failed(run, error),
      );
    } catch (error) {
      this.tellFailure(run, error);
      throw error;
    }
  }

  /** A run that gave a promise. */
  private failed(run: ModelRun, error: unknown): never {
    this.tellFailure(run, error);
    this.countFailure(run.batch!, error);
    throw error;
  }

  private finish(tensors: TensorMap, { frame, view, batch, source, times }: ModelRun): Frame {
    const { clock } = this.parts;
    times.answered = clock.now();
    const answer = this.frameOf(tensors, view, frame.rows);
    const end = clock.now();
    this.counters.ran(frame.rows, times, end, clock.epochMs());
    if (source) notePhases(source.phases, times, end);
    if (inferChannel.hasSubscribers) this.publish(frame, answer, batch, source, times, end, undefined);
    if (!batch) return answer;
    for (const { waiting, from, start, end: last } of batch.items) {
      // A request that was split is answered with its last part.
      if (!waiting.settled && from + last - start >= waiting.rows)
        this.counters.answered(end - waiting.arrivedAt, batch.startedAt - waiting.arrivedAt);
    }
    return answer;
  }

  private tellFailure({ frame, batch, source, times }: ModelRun, error: unknown): void {
    if (!inferChannel.hasSubscribers) return;
    const end = this.parts.clock.now();
    times.packed ||= end;
    times.answered ||= end;
    this.publish(frame, undefined, batch, source, times, end, error);
  }

  private publish(
    input: Frame,
    output: Frame | undefined,
    batch: Batch<OutputView> | undefined,
    source: FrameSource | undefined,
    times: RunTimes,
    end: number,
    error: unknown,
  ): void {
    const { name, version } = this;
    const requests = batch?.items.length ?? source?.contexts.length ?? 1;
    inferChannel.publish(
      inferEvent({ model: name, version, rows: input.rows, requests, input, output, source, error }, times, end),
    );
  }

  /** Of a batch that is not run again in halves. */
  private countFailure(batch: Batch<OutputView>, error: unknown): void {
    if (batch.items.length > 1 && this.gate.options.bisect && canBisect(error)) return;
    const now = this.parts.clock.now();
    for (const { waiting } of batch.items) if (!waiting.settled) this.counters.failed(now - waiting.arrivedAt);
  }

  private frameOf(tensors: TensorMap, view: OutputView, rows: number): Frame {
    const { batch } = this.signature;
    const padded = batch.kind === 'fixed' ? batch.rows : rows;
    return frameOfOutputs(tensors, view, rows, padded, this.parts.nan, this.who);
  }

  private emptyFor(frame: Frame, view: OutputView): Frame {
    this.planFor(frame);
    return emptyOutputs(this.signature, view);
  }

  private planFor(frame: Frame<object>): InputPlan {
    if (!this.plan?.takes(frame)) this.plan = InputPlan.of(this.signature, frame, this.planOptions);
    return this.plan;
  }

  private selection(view: OutputView, names: readonly string[]): OutputView {
    const key = `${view.key}|${names.join('\0')}`;
    const known = this.views.get(key);
    if (known) return known;
    const fresh = selectOutputs(this.signature, view, names, this.who);
    if (this.views.size < MAX_VIEWS) this.views.set(key, fresh);
    return fresh;
  }
}

/** A model whose outputs have the names of one handler's output schema. */
class ModelView extends Model {
  readonly name: string;
  readonly version: string;
  readonly signature: ModelSignature;

  constructor(
    private readonly model: ServedModel,
    private readonly view: OutputView,
  ) {
    super();
    this.name = model.name;
    this.version = model.version;
    this.signature = model.signature;
  }

  get concurrency(): number {
    return this.model.concurrency;
  }

  override run(input: Frame<object> | TensorMap, options: ModelRunOptions = NO_OPTIONS): Promise<Frame> {
    return this.model.runAs(input, options, this.view);
  }

  override runTensors(feeds: TensorMap, options?: ModelRunOptions): Promise<TensorMap> {
    return this.model.runTensors(feeds, options);
  }
}

/** The rows are a handler's batch, or were made of one: they have waited at its gate. */
function isFormed(frame: Frame, { context }: ModelRunOptions): boolean {
  return frame.origin === 'gate' || (context !== undefined && !('aborted' in context));
}

/** A call of its own may have any number of rows, so nothing is split. */
const UNSPLIT_ROWS = 2 ** 31 - 1;

function gateOptions({ batch, runner }: ServedModelParts): BatchOptions {
  const { batch: axis } = runner.signature;
  const given: BatchOptions =
    batch === false ? { maxRows: UNSPLIT_ROWS, maxQueueRows: UNSPLIT_ROWS, bisect: false } : batch;
  const maxRows = axis.kind === 'fixed' ? axis.rows : given.maxRows;
  return { ...given, maxRows, concurrency: runner.concurrency };
}
