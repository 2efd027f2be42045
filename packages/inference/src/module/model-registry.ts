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
import type { Model } from '../model/model.js';
import type { ServedModel } from '../model/served-model.js';
import type { LoadModelOptions, ModelDescription, ModelDirectory } from '../repository/model-directory.js';
import { ModelRepository } from '../repository/model-repository.js';
import { warmProcess } from '../runner/host/warm-process.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { ExecutionMode, RunnerState } from '../runner/runner.js';
import { type ModelSignature, printTensorSpec } from '../runner/signature.js';
import type { ModelModuleOptions, ModelOptions } from './model-options.js';
import { MODEL_MODULE_OPTIONS } from './model.module-definition.js';

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

/**
 * Every model of the application: loads them at boot, lists them, keeps them up to date, and releases them at the very
 * end. It is the {@link ModelDirectory} that protocols and tools work on.
 */
@Injectable()
export class ModelRegistry
  implements ModelDirectory, OnApplicationBootstrap, OnApplicationShutdown, StartupReporter, HealthReporter
{
  private readonly repository: ModelRepository;

  constructor(
    @Inject(MODEL_MODULE_OPTIONS) options: ModelModuleOptions,
    @Optional() @Inject(CLOCK) applicationClock?: Clock,
    @Optional() @Inject(BatchControl) gates?: BatchControl,
  ) {
    const clock = options.clock ?? applicationClock ?? systemClock;
    const runners = new RunnerFactory(options.runners, { clock });
    this.repository = new ModelRepository({ options, runners, clock, gates, log: new Logger('ModelRegistry') });
  }

  /**
   * The model of that name, loaded and warm; loaded once, however often it is asked for.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  load(options: ModelOptions): Promise<Model>;
  /** Loads a model that is known, or reads it anew; see {@link ModelDirectory.load}. */
  load(name: string, options?: LoadModelOptions): Promise<void>;
  load(what: string | ModelOptions, options?: LoadModelOptions): Promise<Model | void> {
    return typeof what === 'string' ? this.repository.load(what, options) : this.repository.declare(what);
  }

  /**
   * A model by its name, whatever version of it is loaded now or later.
   * @throws {INF_ERR_MODEL_NOT_FOUND}
   */
  get(name: string, version?: string): Model {
    return this.repository.handle(name, version);
  }

  /** The models that are loaded. */
  list(): ModelInfo[] {
    return this.repository.names().flatMap((name) => {
      const served = this.repository.served(name);
      return served ? [infoOf(served)] : [];
    });
  }

  describeAll(): readonly ModelDescription[] {
    return this.repository.describeAll();
  }

  describe(name: string): ModelDescription | undefined {
    return this.repository.describe(name);
  }

  use(name: string, version?: string): ServedModel | Promise<ServedModel> {
    return this.repository.use(name, version);
  }

  unload(name: string, version?: string): Promise<void> {
    return this.repository.unload(name, version);
  }

  setAlias(name: string, alias: string, version: string | undefined): Promise<void> {
    return this.repository.setAlias(name, alias, version);
  }

  rollback(name: string): Promise<string> {
    return this.repository.rollback(name);
  }

  unpin(name: string): Promise<void> {
    return this.repository.unpin(name);
  }

  refresh(): Promise<void> {
    return this.repository.refresh();
  }

  onChange(listener: (name: string) => void): () => void {
    return this.repository.onChange(listener);
  }

  [STARTUP_REPORT](): StartupSection {
    return { title: 'Models', lines: this.list().map(bannerLine) };
  }

  [HEALTH_REPORT](): HealthReport[] {
    return this.list().map(({ name, state, why }) => {
      const detail = why ?? this.repository.warning(name);
      return { name: `model:${name}`, ok: state === 'ready', ...(detail && { detail }) };
    });
  }

  onApplicationBootstrap(): void {
    // It was started in case that a model had to be tried, and every model is loaded by now.
    warmProcess.end();
  }

  /** Requests are answered by now; nothing may use a model after this. */
  onApplicationShutdown(): Promise<void> {
    return this.repository.close();
  }
}

function infoOf(model: ServedModel): ModelInfo {
  const { name, version, path, signature, mode, concurrency, state, failure, gate, runnerReport } = model;
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
