import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
} from '@nestjs/common';
import {
  BatchControl,
  type BatchOptions,
  type Clock,
  CLOCK,
  HEALTH_REPORT,
  RecordPoints,
  type HealthReport,
  type HealthReporter,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
  systemClock,
} from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import { Model } from '../model/model.js';
import type { ServedModel } from '../model/served-model.js';
import type { LoadModelOptions, ModelDescription, ModelDirectory } from '../repository/model-directory.js';
import { ModelRepository } from '../repository/model-repository.js';
import type { ModelTemplate } from '../repository/model-template.js';
import { warmProcess } from '../runner/host/warm-process.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { ExecutionMode, RunnerState } from '../runner/runner.js';
import { type ModelSignature, printTensorSpec } from '../runner/signature.js';
import type { ModelModuleOptions, ModelOptions } from './model-options.js';
import { ModelRecords } from './model-records.js';
import { MODEL_MODULE_OPTIONS } from './model.module-definition.js';

/** Models that the banner lists. */
const MAX_LINES = 50;

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
  implements
    ModelDirectory,
    OnModuleInit,
    OnApplicationBootstrap,
    OnApplicationShutdown,
    StartupReporter,
    HealthReporter
{
  private readonly repository: ModelRepository;
  private readonly runners: RunnerFactory;
  private started: Promise<void> | undefined;
  private readonly records: ModelRecords;

  constructor(
    @Inject(MODEL_MODULE_OPTIONS) options: ModelModuleOptions,
    @Optional() @Inject(CLOCK) applicationClock?: Clock,
    @Optional() @Inject(BatchControl) gates?: BatchControl,
    @Optional() @Inject(RecordPoints) points?: RecordPoints,
  ) {
    const clock = options.clock ?? applicationClock ?? systemClock;
    this.runners = new RunnerFactory(options.runners, { clock });
    const { runners } = this;
    const records = (this.records = new ModelRecords(points, options.log));
    this.repository = new ModelRepository({
      options,
      runners,
      clock,
      gates,
      records,
      log: new Logger('ModelRegistry'),
    });
  }

  /**
   * What a declaration stands for: the model, loaded and warm unless it is lazy; loaded once, however often it is
   * declared. A path with parameters gives a {@link ModelTemplate}.
   * @throws {INF_ERR_MODEL_CONFLICT} when it is known with other options.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_OPTIONS}
   */
  declare(options: ModelOptions): Promise<Model | ModelTemplate> {
    return this.repository.declare(options);
  }

  /** {@link declare} for a model whose path has no parameters. @throws as declare does */
  load(options: ModelOptions): Promise<Model>;
  /** Loads a model that is known, or reads it anew; see {@link ModelDirectory.load}. */
  load(name: string, options?: LoadModelOptions): Promise<void>;
  async load(what: string | ModelOptions, options?: LoadModelOptions): Promise<Model | void> {
    if (typeof what === 'string') return this.repository.load(what, options);
    const declared = await this.repository.declare(what);
    if (declared instanceof Model) return declared;
    throw inferenceError('INF_ERR_OPTIONS', `the path of model '${what.name}' has parameters: declare it instead`);
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

  /** What an experiment was changed to before the last restart. @internal */
  savedExperiment(name: string): Promise<unknown> {
    return this.repository.savedExperiment(name);
  }

  /** Keeps it for the next start, where there is a state file. @internal */
  keepExperiment(name: string, saved: object | undefined): Promise<void> {
    return this.repository.keepExperiment(name, saved);
  }

  [STARTUP_REPORT](): StartupSection {
    const lines = this.list().slice(0, MAX_LINES).map(bannerLine);
    const models = this.repository.names().length;
    const others = models - lines.length;
    return {
      title: 'Models',
      lines: others > 0 ? [...lines, `and ${others} more that are not shown or not loaded`] : lines,
    };
  }

  /** What the code declares has to be there; of the others it is told what is wrong with them. */
  [HEALTH_REPORT](): HealthReport[] {
    return this.repository.health();
  }

  /** Every declared model is loaded by now. */
  onModuleInit(): Promise<void> {
    this.records.open();
    return this.ready();
  }

  /** Every model that is loaded at boot is loaded, or was refused. @internal */
  ready(): Promise<void> {
    return (this.started ??= this.repository.start());
  }

  onApplicationBootstrap(): void {
    // It was started in case that a model had to be tried, and every model is loaded by now.
    warmProcess.end();
    this.runners.giveWay();
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
