import { Inject, Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import {
  type Clock,
  CLOCK,
  type Context,
  RPC_SERVICES,
  RpcCaller,
  type RpcExtension,
  rpcFailure,
  type RpcServiceExtension,
  type RpcUnaryCall,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
  systemClock,
  toWitanError,
} from '@witan/core';
import type { Frame } from '@witan/core/frame';
import { DEFAULTS_HEADER, type ModelDirectory, ModelRegistry, type ServedModel, Vectorizer } from '@witan/inference';
import { encodeResponse } from './encode-response.js';
import { HusharBinding } from './hushar-binding.js';
import type { HusharOptions } from './hushar-options.js';
import { HUSHAR_PROTO, HUSHAR_SERVICE } from './hushar-proto.js';
import { husharError } from './hushar.errors.js';
import { HUSHAR_OPTIONS } from './hushar.module-definition.js';
import type { DecodedRequest } from './request-decoder.js';

const NO_SCORES = new Float32Array(0);

/** Answers Hushar's one call: decodes rows, lets the model's gate join them with those of other callers, encodes scores. */
@Injectable()
export class HusharService implements RpcExtension, OnModuleInit, StartupReporter {
  private readonly logger = new Logger('HusharService');
  private readonly models: ModelDirectory;
  private readonly clock: Clock;
  private vectorizer: Vectorizer | undefined;
  private binding: HusharBinding | undefined;

  constructor(
    @Inject(HUSHAR_OPTIONS) private readonly options: HusharOptions,
    @Inject(ModelRegistry) models: ModelRegistry,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.models = models;
    this.clock = clock ?? systemClock;
  }

  /** Refuses at boot what could answer no request. */
  async onModuleInit(): Promise<void> {
    const { model, vectorization } = this.options;
    if (vectorization !== undefined)
      this.vectorizer = await Vectorizer.load(vectorization, { who: `model '${model}'` });
    this.bindingOf(await this.models.use(model));
  }

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
    try {
      const model = this.models.use(this.options.model);
      if (!(model instanceof Promise)) return this.infer(call, message, model);
      model.then((loaded) => this.infer(call, message, loaded)).catch((error: unknown) => this.fail(call, error));
    } catch (error) {
      this.fail(call, error);
    }
  }

  private infer(call: RpcUnaryCall, message: Buffer, model: ServedModel): void {
    const binding = this.bindingOf(model);
    const request = decode(binding, call, message);
    if (request.rows === 0) return call.answer(encodeResponse(request, NO_SCORES, 0));
    // It has what a gate looks at of a Context.
    const context = new RpcCaller(call, this.clock) as unknown as Context;
    const { outputs } = binding;
    model.run(binding.inputOf(request), outputs ? { context, outputs } : { context }).then(
      (answer) => this.answer(call, request, binding, answer),
      (error: unknown) => this.fail(call, error),
    );
  }

  private answer(call: RpcUnaryCall, request: DecodedRequest, binding: HusharBinding, answer: Frame): void {
    try {
      const { scores, count } = binding.scoresOf(answer);
      call.answer(encodeResponse(request, scores, count));
    } catch (error) {
      this.fail(call, error);
    }
  }

  private fail(call: RpcUnaryCall, thrown: unknown): void {
    const error = toWitanError(thrown);
    if (error.category === 'INTERNAL') {
      const cause = error.cause instanceof Error ? error.cause : error;
      this.logger.error(`${HUSHAR_SERVICE} ${error.code}: ${cause.message}`, cause.stack);
    }
    call.fail(rpcFailure(error));
  }

  /** Made anew when another version of the model has taken over. */
  private bindingOf(model: ServedModel): HusharBinding {
    if (this.binding?.model === model) return this.binding;
    const vectorizer = this.vectorizer ?? vectorizerOf(model);
    if (vectorizer) return (this.binding = new HusharBinding(model, vectorizer, this.options));
    const text = `model '${model.name}' has no vectorization: give HusharModule.forRoot one, or the model ('vectorize')`;
    throw husharError('HUSHAR_ERR_MODEL', text);
  }
}

function vectorizerOf({ vectorizer }: ServedModel): Vectorizer | undefined {
  return vectorizer instanceof Vectorizer ? vectorizer : undefined;
}

/** Tells a caller that asked for it which features its rows lacked. */
function decode({ decoder, vectorizer }: HusharBinding, call: RpcUnaryCall, message: Buffer): DecodedRequest {
  if (call.header(DEFAULTS_HEADER) !== '1') return decoder.decode(message);
  const log = vectorizer.defaultsLog();
  const request = decoder.decode(message, log);
  log.tell(call);
  return request;
}
