import { readFile } from 'node:fs/promises';
import type { BatchContext, SchemaSpec } from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
import { BatchDefaults } from './batch-defaults.js';
import { DEFAULTS_HEADER, type DefaultsCaller, DefaultsLog, type DefaultsSink } from './defaults-log.js';
import { FrameRows } from './frame-rows.js';
import { featuresOfConfig } from './read-config.js';
import { vectorizeError } from './vectorize.errors.js';
import { VectorizePlan } from './vectorize-plan.js';
import { schemaOfPlan } from './vectorizer-schema.js';
import { VectorizerCounters, type VectorizerStatistics } from './vectorizer-statistics.js';

export interface VectorizerOptions {
  /** Numbers in a row of the model's input: a config that gives another number is refused. @default any */
  readonly width?: number;
  /** For messages: `model 'iris'`. @default none */
  readonly who?: string;
  /** The name of the model's input, which {@link Vectorizer.apply} gives. @default 'input' */
  readonly input?: string;
}

/**
 * Turns named features into rows of float32, as a vectorization config says: each feature by its transformation, in the
 * config's order, one after the other.
 *
 * @example
 * const vectorizer = await Vectorizer.load('models/fraud/vectorization.json');
 * const rows = vectorizer.vectorize(Frame.fromRecords([{ country: 'NL', amount: 12.5 }]));
 */
export class Vectorizer {
  /** Numbers in a row. */
  readonly width: number;
  /** Names of the features, in the order in which they stand in a row. */
  readonly features: readonly string[];
  /** The columns of a typed service: one for each feature, nullable; `utf8`, `f64` (64-bit scalings) or `f32`. */
  readonly schema: SchemaSpec;
  /** What decoders of other sources work by. @internal */
  readonly plan: VectorizePlan;
  /** @internal */
  readonly counters: VectorizerCounters;
  private readonly frames: FrameRows;

  private constructor(
    plan: VectorizePlan,
    private readonly input: string,
  ) {
    this.plan = plan;
    this.width = plan.width;
    this.features = plan.features.map((feature) => feature.name);
    this.schema = schemaOfPlan(plan, 'Features');
    this.counters = new VectorizerCounters(this.features);
    this.frames = new FrameRows(plan, this.counters);
  }

  /**
   * Reads and checks a config: the path of a JSON file, or what such a file holds.
   * @throws {INF_ERR_VECTORIZE_CONFIG}
   */
  static async load(config: string | object, options: VectorizerOptions = {}): Promise<Vectorizer> {
    if (typeof config !== 'string') return Vectorizer.of(config, options);
    return Vectorizer.of(await readJson(config, options.who), options, config);
  }

  /**
   * {@link load} for what a config file holds.
   * @throws {INF_ERR_VECTORIZE_CONFIG}
   */
  static of(config: object, { width, who, input = 'input' }: VectorizerOptions = {}, path?: string): Vectorizer {
    const name = nameOf(path, who);
    const plan = new VectorizePlan(featuresOfConfig(config, name));
    if (width === undefined || width === plan.width) return new Vectorizer(plan, input);
    const shares = plan.features.map(({ name: feature, length }) => `${feature} ${length}`).join(', ');
    const text = `${name}: its rows have ${plan.width} numbers, the model's input takes ${width} (${cut(shares)})`;
    throw vectorizeError('INF_ERR_VECTORIZE_CONFIG', text, { details: { width: plan.width, input: width } });
  }

  /**
   * The rows as numbers, row after row, `width` each. Columns are found by name, whatever their order; further ones are
   * ignored. A column that is missing, or null in a row, gives the feature's default.
   * @throws {INF_ERR_VECTORIZE_VALUE} naming row and feature
   */
  vectorize(frame: Frame<object>, log?: DefaultsSink): Float32Array {
    return this.frames.write(frame, log);
  }

  /** {@link toInput} for the model's own input. @throws {INF_ERR_VECTORIZE_VALUE} */
  apply(frame: Frame<object>, context?: DefaultsCaller | BatchContext<object>): Frame {
    return this.toInput(frame, this.input, context);
  }

  /**
   * The rows as a model's input: a Frame with one column, float32 vectors of `width`. A Frame that is that already, and
   * has no feature's name, is given back as it is. With `context`, callers that sent `x-witan-defaults: 1` are told which
   * features their rows lacked; of a batch only where the Frame is the batch, row by row.
   * @throws {INF_ERR_VECTORIZE_VALUE} naming row and feature
   */
  toInput(frame: Frame<object>, inputName: string, context?: DefaultsCaller | BatchContext<object>): Frame {
    if (this.isInput(frame, inputName)) return frame as Frame;
    return this.inputOf(this.tellingVectorize(frame, context), inputName, frame);
  }

  private tellingVectorize(frame: Frame<object>, context: DefaultsCaller | BatchContext<object> | undefined) {
    if (context === undefined) return this.vectorize(frame);
    if ('requests' in context) {
      const batch = BatchDefaults.of(context.requests, frame.rows, this.features);
      const rows = this.vectorize(frame, batch);
      batch?.tell();
      return rows;
    }
    if (context.header(DEFAULTS_HEADER) !== '1') return this.vectorize(frame);
    const log = this.defaultsLog();
    const rows = this.vectorize(frame, log);
    log.tell(context);
    return rows;
  }

  private isInput({ columns }: Frame<object>, inputName: string): boolean {
    const column = columns.size === 1 ? columns.get(inputName) : undefined;
    if (!column || this.features.includes(inputName)) return false;
    return column.dtype.kind === 'f32' && column.shape.length === 1 && column.size === this.width;
  }

  /** Rows of numbers as a Frame with one column; `of`: the Frame that they were made of. @internal */
  inputOf(rows: Float32Array, inputName: string, of?: Frame<object>): Frame {
    const length = rows.length / this.width;
    const column = new Column({ dtype: 'f32', shape: [this.width], length, data: rows });
    return new Frame(new Map([[inputName, column]]), length, of?.origin, of?.source);
  }

  /** @internal */
  defaultsLog(): DefaultsLog {
    return new DefaultsLog(this.features);
  }

  /** Rows, defaults and unknown texts since it was loaded. */
  stats(): VectorizerStatistics {
    return this.counters.read();
  }
}

const MAX_SHOWN = 256;

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function nameOf(path: string | undefined, who: string | undefined): string {
  const config = path === undefined ? 'vectorization' : `vectorization ${path}`;
  return who === undefined ? config : `${who}: ${config}`;
}

async function readJson(path: string, who: string | undefined): Promise<object> {
  try {
    const text = await readFile(path, 'utf8');
    return JSON.parse(text.replace(/^\uFEFF/, '')) as object;
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    const text = `${nameOf(path, who)} ${why}: ${(error as Error).message}`;
    throw vectorizeError('INF_ERR_VECTORIZE_CONFIG', text, { cause: error });
  }
}
