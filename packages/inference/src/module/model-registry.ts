import { isDeepStrictEqual } from 'node:util';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  Optional,
} from '@nestjs/common';
import {
  BatchControl,
  type BatchOptions,
  type Clock,
  CLOCK,
  HEALTH_REPORT,
  type HealthReport,
  type HealthReporter,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
  systemClock,
} from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { Model } from '../model/model.js';
import { ServedModel } from '../model/served-model.js';
import { warmProcess } from '../runner/host/warm-process.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { ExecutionMode, RunnerState } from '../runner/runner.js';
import { type ModelSignature, printTensorSpec } from '../runner/signature.js';
import { type ModelLoadEvent, modelLoadChannel } from './model-load-channel.js';
import type { ModelModuleOptions, ModelOptions } from './model-options.js';
import { findModelFile } from './model-path.js';
import { MODEL_MODULE_OPTIONS } from './model.module-definition.js';

const DEFAULT_MAX_ROWS = 64;
const DEFAULT_DRAIN_MS = 10_000;

/** A model as the banner, health and tools see it. */
export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly signature: ModelSignature;
  readonly mode: ExecutionMode;
  /** Batches at the same time. */
  readonly concurrency: number;
  readonly provider: string;
  readonly batch: Required<BatchOptions>;
  readonly state: RunnerState;
  /** Why it is not ready. */
  readonly why?: string;
}

interface Entry {
  readonly options: ModelOptions;
  readonly loading: Promise<ServedModel>;
  model?: ServedModel;
  path?: string;
}

/** Every model of the application: loads them at boot, lists them, and releases them at the very end. */
@Injectable()
export class ModelRegistry implements OnApplicationBootstrap, OnApplicationShutdown, StartupReporter, HealthReporter {
  private readonly logger = new Logger('ModelRegistry');
  private readonly entries = new Map<string, Entry>();
  private readonly runners: RunnerFactory;
  private readonly clock: Clock;

  constructor(
    @Inject(MODEL_MODULE_OPTIONS) private readonly options: ModelModuleOptions,
    @Optional() @Inject(CLOCK) clock?: Clock,
    @Optional() @Inject(BatchControl) private readonly gates?: BatchControl,
  ) {
    this.clock = options.clock ?? clock ?? systemClock;
    this.runners = new RunnerFactory(options.runners, { clock: this.clock });
  }

  /**
   * The model of that name, loaded and warm; loaded once, however often it is asked for.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  load(options: ModelOptions): Promise<Model> {
    if (typeof options?.name !== 'string' || options.name === '') {
      const text = `a model's name is ${JSON.stringify(options?.name)}: give ModelModule.forFeature each model as an argument of its own, with a name`;
      return Promise.reject(inferenceError('INF_ERR_OPTIONS', text));
    }
    const known = this.entries.get(options.name);
    if (known && isDeepStrictEqual(known.options, options)) return known.loading;
    if (known) {
      const text = `model '${options.name}' is declared twice with different options: use one declaration, or two names`;
      return Promise.reject(inferenceError('INF_ERR_MODEL_CONFLICT', text));
    }
    const loading = this.open(options);
    this.entries.set(options.name, { options, loading });
    return loading;
  }

  /**
   * A loaded model.
   * @throws {INF_ERR_MODEL_NOT_FOUND}
   */
  get(name: string): Model {
    const model = this.entries.get(name)?.model;
    if (model) return model;
    throw inferenceError(
      'INF_ERR_MODEL_NOT_FOUND',
      `no model '${name}': there are ${[...this.entries.keys()].join(', ') || 'none'}`,
    );
  }

  list(): ModelInfo[] {
    return [...this.entries.values()].flatMap((entry) => (entry.model ? [infoOf(entry.model, entry.path!)] : []));
  }

  [STARTUP_REPORT](): StartupSection {
    return { title: 'Models', lines: this.list().map(bannerLine) };
  }

  [HEALTH_REPORT](): HealthReport[] {
    return this.list().map(({ name, state, why }) => ({
      name: `model:${name}`,
      ok: state === 'ready',
      ...(why && { detail: why }),
    }));
  }

  onApplicationBootstrap(): void {
    // It was started in case that a model had to be tried, and every model is loaded by now.
    warmProcess.end();
  }

  /** Requests are answered by now; nothing may use a model after this. */
  async onApplicationShutdown(): Promise<void> {
    const drainMs = this.options.runners?.drainMs ?? DEFAULT_DRAIN_MS;
    await Promise.all([...this.entries.values()].map((entry) => entry.model?.close(drainMs)));
    await this.runners.close(drainMs);
  }

  private async open(options: ModelOptions): Promise<ServedModel> {
    const start = this.clock.now();
    const { name, version = '1' } = options;
    try {
      const path = await findModelFile(this.options.store ?? 'models', name, options.path ?? name);
      const model = await this.openFile(options, version, path);
      Object.assign(this.entries.get(name)!, { model, path });
      // Calls that are runs of their own have nothing to set.
      if (options.batch !== false) this.gates?.add(model.gate, model.fixedBatchOptions);
      this.loaded(model, this.clock.now() - start);
      return model;
    } catch (error) {
      publish({ name, version, ok: false, durationMs: this.clock.now() - start, error });
      throw error;
    }
  }

  private async openFile(options: ModelOptions, version: string, path: string): Promise<ServedModel> {
    const {
      name,
      version: _,
      path: __,
      batch: given,
      cast = 'lossless',
      nulls = 'refuse',
      nan = 'allow',
      ...runnerOptions
    } = options;
    const batch = given === false ? false : { ...this.options.batch, ...given };
    const maxRows = (batch && batch.maxRows) || DEFAULT_MAX_ROWS;
    const runner = await this.runners.open({ ...runnerOptions, name, path, maxRows });
    return new ServedModel({ name, version, runner, batch, cast, nulls, nan, clock: this.clock });
  }

  private loaded(model: ServedModel, durationMs: number): void {
    const { name, version, mode, runnerReport } = model;
    for (const warning of runnerReport.warnings) this.logger.warn(`model '${name}': ${warning}`);
    publish({
      name,
      version,
      ok: true,
      durationMs,
      mode,
      loadMs: runnerReport.loadMs,
      provider: runnerReport.provider,
    });
  }
}

function publish(event: ModelLoadEvent): void {
  if (modelLoadChannel.hasSubscribers) modelLoadChannel.publish(event);
}

function infoOf(model: ServedModel, path: string): ModelInfo {
  const { name, version, signature, mode, concurrency, state, failure, gate, runnerReport } = model;
  const why = failure && { why: failure.message };
  return {
    name,
    version,
    path,
    signature,
    mode,
    concurrency,
    provider: runnerReport.provider,
    batch: gate.options,
    state,
    ...why,
  };
}

function bannerLine({ name, version, signature, mode, concurrency, batch, provider }: ModelInfo): string {
  const inputs = signature.inputs.map(printTensorSpec).join(', ');
  const outputs = signature.outputs.map(printTensorSpec).join(', ');
  const where =
    mode === 'inline' ? 'inline' : `${concurrency} ${mode}${concurrency > 1 ? (mode === 'process' ? 'es' : 's') : ''}`;
  const batching = `batch of ${batch.maxRows}, delay ${batch.maxDelayMs} ms, coalesce ${batch.coalesce}`;
  return `${name} v${version}: ${inputs} -> ${outputs} (${where}, ${provider}; ${batching})`;
}
