/** The transformations, by the names that a config gives them. */
export type TransformationType =
  | 'embedding'
  | 'identity'
  | 'min_max_scaling32'
  | 'min_max_scaling64'
  | 'one_hot_encoding'
  | 'standardization32'
  | 'standardization64';

/** The kinds of values that a feature can come as, whatever carried it: Hushar's words for them. */
export type ValueKind = 'double' | 'float' | 'int32' | 'int64' | 'string';

/** What a transformation does, as a small number for the inner loops. */
export const IDENTITY = 0;
/** `(value - base) / divisor` in float32. */
export const SCALE32 = 1;
/** The same in float64, then rounded to float32. */
export const SCALE64 = 2;
export const ONE_HOT = 3;
export const EMBEDDING = 4;

export type TransformationCode = 0 | 1 | 2 | 3 | 4;

const TAKES: readonly (readonly ValueKind[])[] = [
  ['double', 'float', 'int32', 'int64', 'string'],
  ['float', 'int32'],
  ['double', 'int64'],
  ['string'],
  ['string'],
];

/** The kinds of values that a transformation takes, alone or in arrays. */
export function kindsOf(code: TransformationCode): readonly ValueKind[] {
  return TAKES[code]!;
}

/** One feature, checked and ready for use. */
export interface Feature {
  readonly name: string;
  readonly type: TransformationType;
  readonly code: TransformationCode;
  /** Subtracted first; 0 where nothing is scaled. */
  readonly base: number;
  /** Divided by then; 1 where nothing is scaled. */
  readonly divisor: number;
  /** Numbers that one value gives: 1, or the length of an embedding or of the list of categories. */
  readonly unit: number;
  /** For a missing feature; its length is the feature's share of a row. A multiple of {@link unit}. */
  readonly defaults: Float32Array;
  /** The known texts of an embedding or a one-hot encoding, by index; otherwise empty. */
  readonly categories: readonly string[];
  /** An embedding's vectors, `unit` numbers for each of {@link categories}. */
  readonly vectors: Float32Array;
}
