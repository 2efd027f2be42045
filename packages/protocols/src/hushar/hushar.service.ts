import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import {
  type Clock,
  CLOCK,
  collectChannel,
  type CollectEvent,
  RPC_SERVICES,
  type RpcExtension,
  type RpcServiceExtension,
  type RpcUnaryCall,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
  systemClock,
  toWitanError,
  WITAN_OPTIONS,
  type WitanOptions,
} from '@witan/core';
import type { Frame } from '@witan/core/frame';
import {
  ExperimentRegistry,
  type ModelDirectory,
  ModelRegistry,
  reportVectorizer,
  type RunningExperiment,
  type ServedModel,
  Vectorizer,
} from '@witan/inference';
import { HusharBinding } from './hushar-binding.js';
import { chosenRun } from './chosen-run.js';
import { HusharRequest } from './hushar-request.js';
import type { HusharOptions } from './hushar-options.js';
import { HUSHAR_PROTO, HUSHAR_SERVICE } from './hushar-proto.js';
import { husharError } from './hushar.errors.js';
import { HUSHAR_OPTIONS } from './hushar.module-definition.js';
import type { DecodedRequest } from './request-decoder.js';

const NO_SCORES = new Float32Array(0);

/** Answers Hushar's one call: decodes rows, lets the model's gate join them with those of other callers, encodes scores. */
@Injectable()
export class HusharService implements RpcExtension, OnModuleInit, OnApplicationShutdown, StartupReporter {
  private readonly logger = new Logger('HusharService');
  private readonly models: ModelDirectory;
  private readonly clock: Clock;
  private vectorizer: Vectorizer | undefined;
  private binding: HusharBinding | undefined;
  /** Chooses the model, where the name is one of an experiment. */
  private experiment: RunningExperiment | undefined;
  private readonly bindings = new WeakMap<ServedModel, HusharBinding>();

  constructor(
    @Inject(HUSHAR_OPTIONS) private readonly options: HusharOptions,
    @Inject(ModelRegistry) models: ModelRegistry,
    @Optional() @Inject(CLOCK) clock?: Clock,
    @Optional() @Inject(ExperimentRegistry) private readonly experiments?: ExperimentRegistry,
    @Optional() @Inject(WITAN_OPTIONS) private readonly witan?: WitanOptions,
  ) {
    this.models = models;
    this.clock = clock ?? systemClock;
  }

  /** Refuses at boot what could answer no request. */
  async onModuleInit(): Promise<void> {
    const { model, vectorization } = this.options;
    if (vectorization !== undefined)
      this.vectorizer = await Vectorizer.load(vectorization, { who: `model '${model}'` });
    await this.experiments?.ready();
    const experiment = (this.experiment = this.experiments?.find(model));
    this.bindingOf(await (experiment ? experiment.use(experiment.plan.control) : this.models.use(model)));
    collectChannel.subscribe(this.collect);
  }

  onApplicationShutdown(): void {
    collectChannel.unsubscribe(this.collect);
  }

  /** A vectorization of the model's own is counted with the model. */
  private readonly collect = (event: unknown): void => {
    const { vectorizer, binding } = this;
    if (!vectorizer || !binding) return;
    const { name: model, version } = binding.model;
    reportVectorizer({ model, version }, vectorizer.stats(), event as CollectEvent);
  };

  [RPC_SERVICES](): readonly RpcServiceExtension[] {
    const handle = (call: RpcUnaryCall, message: Buffer): void => this.handle(call, message);
    return [{ service: HUSHAR_SERVICE, methods: { InferenceService: { kind: 'unary', handle } }, proto: HUSHAR_PROTO }];
  }

  [STARTUP_REPORT](): StartupSection {
    const { model, modelId = model } = this.options;
    const lines = [`${HUSHAR_SERVICE}/InferenceService: model '${model}' as ${modelId}`];
    if (this.binding) {
      const { vectorizer, output } = this.binding;
      lines[0] += `, ${vectorizer.features.length} features -> ${vectorizer.width} numbers -> ${output}`;
    }
    return { title: 'Hushar', lines };
  }

  private handle(call: RpcUnaryCall, message: Buffer): void {
    const request = new HusharRequest(call, message, this.clock, this.witan?.grpc?.timings !== false);
    request.start(() => this.begin(request));
  }

  private begin(request: HusharRequest): void {
    try {
      if (this.experiment) return this.inferChosen(request, this.experiment);
      const model = this.models.use(this.options.model);
      if (!(model instanceof Promise)) return this.infer(request, model);
      model.then((loaded) => this.infer(request, loaded)).catch((error: unknown) => this.fail(request, error));
    } catch (error) {
      this.fail(request, error);
    }
  }

  private infer(request: HusharRequest, model: ServedModel): void {
    const binding = this.bindingOf(model);
    const decoded = request.decode(binding);
    const { context } = request;
    context.noteModel(model.useAs());
    if (decoded.rows === 0) return request.answer(decoded, NO_SCORES, 0);
    const { outputs } = binding;
    model.run(binding.inputOf(decoded), outputs ? { context, outputs } : { context }).then(
      (answer) => this.answer(request, decoded, binding, answer),
      (error: unknown) => this.fail(request, error),
    );
  }

  /** Each model has a vectorizer of its own: rows are decoded for the one that runs. */
  private inferChosen(request: HusharRequest, experiment: RunningExperiment): void {
    const assignment = experiment.assign(request.context, undefined, (model) => this.fits(model));
    const run = chosenRun(request, (model) => this.bindingOf(model), experiment.plan.shadows.length > 0);
    experiment.run([assignment], run).then(
      ({ decoded, scores, count }) => {
        try {
          request.answer(decoded, scores, count);
        } catch (error) {
          this.fail(request, error);
        }
      },
      (error: unknown) => this.fail(request, error),
    );
  }

  private fits(model: ServedModel): boolean {
    try {
      return this.bindingOf(model).model === model;
    } catch {
      return false;
    }
  }

  private answer(request: HusharRequest, decoded: DecodedRequest, binding: HusharBinding, answer: Frame): void {
    try {
      const { scores, count } = binding.scoresOf(answer);
      request.answer(decoded, scores, count);
    } catch (error) {
      this.fail(request, error);
    }
  }

  private fail(request: HusharRequest, thrown: unknown): void {
    const error = toWitanError(thrown);
    if (error.category === 'INTERNAL') {
      const cause = error.cause instanceof Error ? error.cause : error;
      this.logger.error(`${HUSHAR_SERVICE} ${error.code}: ${cause.message}`, cause.stack);
    }
    request.fail(error);
  }

  /** Made anew when another version of the model has taken over. */
  private bindingOf(model: ServedModel): HusharBinding {
    if (this.binding?.model === model) return this.binding;
    const known = this.bindings.get(model);
    if (known) return (this.binding = known);
    const vectorizer = this.vectorizer ?? vectorizerOf(model);
    if (vectorizer) {
      this.binding = new HusharBinding(model, vectorizer, this.options);
      this.bindings.set(model, this.binding);
      return this.binding;
    }
    const text = `model '${model.name}' has no vectorization: give HusharModule.forRoot one, or the model ('vectorize')`;
    throw husharError('HUSHAR_ERR_MODEL', text);
  }
}

function vectorizerOf({ vectorizer }: ServedModel): Vectorizer | undefined {
  return vectorizer instanceof Vectorizer ? vectorizer : undefined;
}
