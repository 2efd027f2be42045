import { vectorizeError } from './vectorize.errors.js';
import {
  EMBEDDING,
  type Feature,
  IDENTITY,
  ONE_HOT,
  SCALE32,
  SCALE64,
  type TransformationCode,
  type TransformationType,
} from './transformation.js';

const CODES: Readonly<Record<TransformationType, TransformationCode>> = {
  embedding: EMBEDDING,
  identity: IDENTITY,
  min_max_scaling32: SCALE32,
  min_max_scaling64: SCALE64,
  one_hot_encoding: ONE_HOT,
  standardization32: SCALE32,
  standardization64: SCALE64,
};

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The features of a vectorization config, in its `feature_order`, checked. Keys that it does not know are ignored.
 * @param who the config, for messages
 * @throws {INF_ERR_VECTORIZE_CONFIG} naming the feature
 */
export function featuresOfConfig(config: unknown, who: string): Feature[] {
  const refuse: Refuse = (text) => {
    throw vectorizeError('INF_ERR_VECTORIZE_CONFIG', `${who}: ${text}`);
  };
  if (!isObject(config)) return refuse('it must be a JSON object with feature_transformations and feature_order');
  const transformations = config['feature_transformations'];
  const order = config['feature_order'];
  if (!isObject(transformations)) return refuse('feature_transformations must be an object, by feature');
  if (!isTexts(order) || order.length === 0) return refuse('feature_order must be a list of feature names, not empty');
  const seen = new Set(order);
  if (seen.size < order.length) return refuse(`feature_order names ${shown(duplicateOf(order))} twice`);
  const broken = order.find(isBroken);
  if (broken !== undefined) return refuse(`feature_order: ${shown(broken)} is not valid Unicode`);
  const unnamed = Object.keys(transformations).find((name) => !seen.has(name));
  if (unnamed !== undefined)
    return refuse(`feature ${shown(unnamed)} has a transformation, but is not in feature_order`);
  return order.map((name) => {
    if (!Object.hasOwn(transformations, name))
      return refuse(`feature ${shown(name)} of feature_order has no transformation`);
    return new FeatureReader(name, transformations[name], (text) => refuse(`feature ${shown(name)}: ${text}`)).read();
  });
}

type Refuse = (text: string) => never;

/** Reads one entry of `feature_transformations`. */
class FeatureReader {
  private readonly config: JsonObject;

  constructor(
    private readonly name: string,
    config: unknown,
    private readonly refuse: Refuse,
  ) {
    this.config = isObject(config) ? config : refuse('its transformation must be an object');
  }

  read(): Feature {
    const type = this.type();
    const code = CODES[type];
    const common = { name: this.name, type, code, base: 0, divisor: 1, unit: 1, categories: [], vectors: NO_NUMBERS };
    const defaults = this.floats(this.config['default_val'], 'default_val');
    if (type === 'identity') return { ...common, defaults };
    if (type === 'one_hot_encoding') return this.withUnit({ ...common, ...this.oneHot(), defaults });
    if (type === 'embedding') return this.withUnit({ ...common, ...this.embedding(), defaults });
    const scale = type.startsWith('min_max') ? this.minMax(code) : this.standard(code);
    return { ...common, ...scale, defaults };
  }

  private type(): TransformationType {
    const { type } = this.config;
    if (typeof type === 'string' && Object.hasOwn(CODES, type)) return type as TransformationType;
    return this.refuse(`its type is ${shown(type)}: use one of ${Object.keys(CODES).join(', ')}`);
  }

  private minMax(code: TransformationCode): Pick<Feature, 'base' | 'divisor'> {
    const min = this.number('min', code);
    const max = this.number('max', code);
    if (!(min < max))
      this.refuse(
        `min ${this.config['min'] as number} must be below max ${this.config['max'] as number}${asFloat(code)}`,
      );
    const divisor = code === SCALE32 ? Math.fround(max - min) : max - min;
    return Number.isFinite(divisor) ? { base: min, divisor } : this.refuse('max - min is infinite');
  }

  private standard(code: TransformationCode): Pick<Feature, 'base' | 'divisor'> {
    const base = this.number('mean', code);
    const divisor = this.number('std_dev', code);
    return divisor > 0
      ? { base, divisor }
      : this.refuse(`std_dev ${this.config['std_dev'] as number} must be above 0${asFloat(code)}`);
  }

  private oneHot(): Pick<Feature, 'unit' | 'categories'> {
    const { categories } = this.config;
    if (!isTexts(categories) || categories.length === 0)
      return this.refuse('categories must be a list of texts, not empty');
    if (new Set(categories).size < categories.length)
      return this.refuse(`categories has ${shown(duplicateOf(categories))} twice`);
    this.wellFormed(categories);
    return { unit: categories.length, categories };
  }

  private embedding(): Pick<Feature, 'unit' | 'categories' | 'vectors'> {
    const { embeddings } = this.config;
    if (!isObject(embeddings)) return this.refuse('embeddings must be an object: a vector for each text');
    const categories = Object.keys(embeddings);
    if (categories.length === 0) return this.refuse('embeddings is empty');
    this.wellFormed(categories);
    const rows = categories.map((text) => this.floats(embeddings[text], `embeddings[${shown(text)}]`));
    const unit = rows[0]!.length;
    const vectors = new Float32Array(categories.length * unit);
    rows.forEach((row, i) => {
      if (row.length !== unit)
        this.refuse(`embeddings[${shown(categories[i])}] has ${row.length} numbers, the first has ${unit}`);
      vectors.set(row, i * unit);
    });
    return { unit, categories, vectors };
  }

  private wellFormed(texts: readonly string[]): void {
    const broken = texts.find(isBroken);
    if (broken !== undefined) this.refuse(`${shown(broken)} is not valid Unicode`);
  }

  private withUnit(feature: Feature): Feature {
    const { defaults, unit } = feature;
    if (defaults.length % unit === 0) return feature;
    return this.refuse(`default_val has ${defaults.length} numbers, one value gives ${unit}`);
  }

  /** A finite number; as a float32 where the arithmetic is in float32. */
  private number(key: string, code: TransformationCode): number {
    const value = this.config[key];
    if (typeof value !== 'number') return this.refuse(`${key} is ${shown(value)}, not a number`);
    const rounded = code === SCALE32 ? Math.fround(value) : value;
    return Number.isFinite(rounded) ? rounded : this.refuse(`${key} is beyond what a float holds`);
  }

  private floats(values: unknown, key: string): Float32Array {
    if (!Array.isArray(values) || values.length === 0)
      return this.refuse(`${key} must be a list of numbers, not empty`);
    const floats = new Float32Array(values.length);
    values.forEach((value: unknown, i) => {
      if (typeof value !== 'number') this.refuse(`${key}[${i}] is ${shown(value)}, not a number`);
      floats[i] = value as number;
      if (!Number.isFinite(floats[i])) this.refuse(`${key}[${i}] is beyond what a float32 holds`);
    });
    return floats;
  }
}

const NO_NUMBERS = new Float32Array(0);
const MAX_SHOWN = 64;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** Half a surrogate pair has no UTF-8, so that no request could ever name it. */
function isBroken(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

function duplicateOf(texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return texts.find((text) => seen.size === seen.add(text).size);
}

function asFloat(code: TransformationCode): string {
  return code === SCALE32 ? ' (as float32)' : '';
}

/** As JSON, cut. */
function shown(value: unknown): string {
  const text = jsonOf(typeof value === 'string' ? value.slice(0, MAX_SHOWN) : value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'missing';
  } catch {
    // An object of the application's own may hold itself, or a bigint, which have no JSON.
    return `a ${typeof value}`;
  }
}
