import { float32OfInt64, float32OfText } from '@witan/inference';
import { InferenceRequest } from './hushar-client.spec.support.js';

/** What a plain, slow reading gives: protobufjs's objects, turned into numbers one by one. */
export interface Reference {
  readonly requestId: string;
  readonly rowIds: readonly string[];
  /** Row after row; `undefined` for a row that is to be refused. */
  readonly rows: readonly (readonly number[] | undefined)[];
}

interface Transformation {
  readonly type: string;
  readonly default_val: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std_dev: number;
  readonly categories: readonly string[];
  readonly embeddings: Readonly<Record<string, readonly number[]>>;
}

export interface Config {
  readonly feature_transformations: Readonly<Record<string, Transformation>>;
  readonly feature_order: readonly string[];
}

interface Row {
  readonly row_id: string;
  readonly features?: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly data_type?: string }>>;
}

/** @throws whatever protobufjs throws for bytes that are no message */
export function referenceOf(bytes: Uint8Array, config: Config): Reference {
  const message = InferenceRequest.toObject(InferenceRequest.decode(bytes), {
    longs: BigInt,
    oneofs: true,
    defaults: false,
  }) as { request_id?: string; inputs?: Row[] };
  const inputs = message.inputs ?? [];
  return {
    requestId: message.request_id ?? '',
    rowIds: inputs.map((row) => row.row_id ?? ''),
    rows: inputs.map((row) => rowOf(row, config)),
  };
}

function rowOf({ features = {} }: Row, config: Config): number[] | undefined {
  const out: number[] = [];
  for (const name of config.feature_order) {
    const transformation = config.feature_transformations[name]!;
    const value = Object.hasOwn(features, name) ? features[name] : undefined;
    const member = value?.data_type;
    const numbers =
      member === undefined ? transformation.default_val : numbersOf(transformation, member, value![member]);
    if (numbers?.length !== transformation.default_val.length) return undefined;
    out.push(...numbers);
  }
  return out.map(Math.fround);
}

const TAKES: Readonly<Record<string, readonly string[]>> = {
  identity: ['double', 'float', 'integer', 'long', 'string'],
  '32': ['float', 'integer'],
  '64': ['double', 'long'],
  text: ['string'],
};

function numbersOf(t: Transformation, member: string, value: unknown): readonly number[] | undefined {
  const [kind] = member.split('_') as [string];
  const isText = t.type === 'embedding' || t.type === 'one_hot_encoding';
  const family = t.type === 'identity' ? 'identity' : isText ? 'text' : t.type.slice(-2);
  if (!TAKES[family]!.includes(kind)) return undefined;
  const values = member.endsWith('_array') ? ((value as { values?: unknown[] }).values ?? []) : [value];
  if (isText) return values.flatMap((text, i) => lookedUp(t, text as string, i, values.length));
  const numbers = values.map((one) => (family === 'identity' ? plain(kind, one) : scaled(t, family, one)));
  return numbers.includes(undefined) ? undefined : (numbers as number[]);
}

function plain(kind: string, value: unknown): number | undefined {
  if (kind === 'string') return float32OfText(value as string);
  if (kind !== 'long') return value as number;
  const long = BigInt(value as bigint);
  return float32OfInt64(Number(BigInt.asIntN(32, long)), Number(BigInt.asIntN(32, long >> 32n)));
}

function scaled({ type, min, max, mean, std_dev }: Transformation, family: string, value: unknown): number {
  const isMinMax = type.startsWith('min');
  if (family === '64') return isMinMax ? (Number(value) - min) / (max - min) : (Number(value) - mean) / std_dev;
  const f = Math.fround;
  const given = f(value as number);
  return isMinMax ? f(given - f(min)) / f(f(max) - f(min)) : f(given - f(mean)) / f(std_dev);
}

function lookedUp(t: Transformation, text: string, i: number, count: number): readonly number[] {
  const unit = t.categories?.length ?? Object.values(t.embeddings)[0]!.length;
  if (t.categories?.includes(text)) return t.categories.map((category) => (category === text ? 1 : 0));
  if (t.embeddings && Object.hasOwn(t.embeddings, text)) return t.embeddings[text]!;
  const isWhole = count * unit === t.default_val.length;
  return isWhole ? t.default_val.slice(i * unit, (i + 1) * unit) : new Array<number>(unit).fill(0);
}
