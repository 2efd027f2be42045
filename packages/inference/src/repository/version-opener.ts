import { join } from 'node:path';
import type { Clock } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import { RecordedModel } from '../model/recorded-model.js';
import { type FrameVectorizer, ServedModel } from '../model/served-model.js';
import type { ModelRecords } from '../module/model-records.js';
import type { ModelBatchOptions, ModelOptions } from '../module/model-options.js';
import type { RunnerFactory } from '../runner/runner-factory.js';
import type { RunnerOptions } from '../runner/runner-options.js';
import { type ModelSignature, printTensorSpec } from '../runner/signature.js';
import { checkConfig } from './layout/check-config.js';
import type { ModelConfig } from './model-config.js';
import type { LocalFiles } from './model-source.js';

const DEFAULT_MAX_ROWS = 64;

export interface OpenVersionOptions {
  readonly version: string;
  readonly files: LocalFiles;
  readonly config: ModelConfig;
  /** What the code says goes before what the configuration says. */
  readonly options: ModelOptions;
}

/** Makes a model of a version's files: checked, loaded, and warm. */
export class VersionOpener {
  constructor(
    private readonly runners: RunnerFactory,
    private readonly clock: Clock,
    private readonly batch: ModelBatchOptions | undefined,
    private readonly records?: ModelRecords,
  ) {}

  /**
   * @throws {INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_MODEL_CONFIG | INF_ERR_EXTERNAL_DATA | INF_ERR_OPTIONS |
   *   INF_ERR_RUN_TIMEOUT | INF_ERR_VECTORIZE_CONFIG}
   */
  async open({ version, files, config, options }: OpenVersionOptions): Promise<ServedModel> {
    const { name, cast = 'lossless', nulls = 'refuse', nan = 'allow' } = options;
    const path = files.modelPath;
    const batch = this.batchOf(config, options);
    const maxRows = (batch && batch.maxRows) || DEFAULT_MAX_ROWS;
    const own = { ...config.runner, ...runnerOptionsOf(options) };
    const runner = await this.runners.open({ ...own, name, path, maxRows });
    const { clock } = this;
    const onClosed = (): void => files.release?.();
    try {
      checkConfig(config, runner.signature);
      const vectorizer = await vectorizerFor(options, config, files, runner.signature);
      const parts = { name, version, path, runner, batch, cast, nulls, nan, clock, vectorizer, onClosed };
      const point = this.records?.pointOf(options);
      const served = point ? new RecordedModel(parts, point) : new ServedModel(parts);
      for (const rows of config.warmUpRows ?? []) await served.warmUp(rows);
      return served;
    } catch (error) {
      await runner.close(0);
      throw error;
    }
  }

  private batchOf({ maxBatchSize, batch }: ModelConfig, { batch: own }: ModelOptions): ModelBatchOptions | false {
    if (own === false || (own === undefined && maxBatchSize === 0)) return false;
    const limit = maxBatchSize === undefined || maxBatchSize === 0 ? {} : { maxRows: maxBatchSize };
    return { ...this.batch, ...limit, ...batch, ...own };
  }
}

/** A model's options that are not its runner's. */
const NOT_THE_RUNNERS: Readonly<Record<Exclude<keyof ModelOptions, keyof RunnerOptions>, true>> = {
  name: true,
  path: true,
  spec: true,
  prefetch: true,
  refresh: true,
  version: true,
  versions: true,
  lazy: true,
  pin: true,
  vectorize: true,
  batch: true,
  cast: true,
  nulls: true,
  nan: true,
  log: true,
};

function runnerOptionsOf(options: ModelOptions): RunnerOptions {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !(name in NOT_THE_RUNNERS));
  return Object.fromEntries(given) as RunnerOptions;
}

/** @throws {INF_ERR_VECTORIZE_CONFIG | INF_ERR_OPTIONS} */
async function vectorizerFor(
  options: ModelOptions,
  config: ModelConfig,
  files: LocalFiles,
  { inputs }: ModelSignature,
): Promise<FrameVectorizer | undefined> {
  const own = config.vectorize === undefined ? undefined : join(files.folder, config.vectorize);
  const what = options.vectorize ?? own;
  if (what === undefined) return undefined;
  const [input, ...others] = inputs;
  if (input?.dtype === 'f32' && input.dims.length === 2 && others.length === 0) {
    const { Vectorizer } = await import('../vectorize/vectorizer.js');
    const width = input.dims[1] ?? undefined;
    return Vectorizer.load(what, { width, input: input.name, who: `model '${options.name}'` });
  }
  throw inferenceError(
    'INF_ERR_OPTIONS',
    `model '${options.name}' is vectorized, so it must have one input f32[rows, width]: it has ${inputs.map(printTensorSpec).join(', ')}`,
  );
}
