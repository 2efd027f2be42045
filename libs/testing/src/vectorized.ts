import { readFileSync } from 'node:fs';

/** `[kind, value]`: kind is double, float, int32, int64, string, or one of them and `[]`; see `fixtures/make_vectorized.py`. */
export type TypedValue = readonly [kind: string, value: unknown];

/** What a vectorizer must give, computed by numpy. */
export interface VectorizedFixture {
  readonly config: object;
  readonly rows: readonly {
    readonly features: Readonly<Record<string, TypedValue>>;
    readonly expected: Float32Array;
  }[];
  /** Texts that are numbers. */
  readonly texts: ReadonlyMap<string, number>;
  /** Texts that are none. */
  readonly noTexts: readonly string[];
  /** Integers to float32, rounded once. */
  readonly int64: ReadonlyMap<bigint, number>;
}

interface VectorizedFile {
  readonly config: object;
  readonly rows: readonly { readonly features: Record<string, TypedValue>; readonly expected: string }[];
  readonly texts: Record<string, string>;
  readonly noTexts: readonly string[];
  readonly int64: Record<string, string>;
}

export function vectorizedFixture(): VectorizedFixture {
  const url = new URL('../fixtures/data/vectorized.json', import.meta.url);
  const file = JSON.parse(readFileSync(url, 'utf8')) as VectorizedFile;
  return {
    config: file.config,
    rows: file.rows.map(({ features, expected }) => ({ features, expected: floatsOf(expected) })),
    texts: new Map(Object.entries(file.texts).map(([text, hex]) => [text, floatsOf(hex)[0]!])),
    noTexts: file.noTexts,
    int64: new Map(Object.entries(file.int64).map(([text, hex]) => [BigInt(text), floatsOf(hex)[0]!])),
  };
}

/** A value as JavaScript has it: doubles and floats are written in C's hexadecimal form, int64 as decimal text. */
export function valueOf([kind, value]: TypedValue): unknown {
  if (Array.isArray(value)) return value.map((one) => scalarOf(kind.slice(0, -2), one));
  return scalarOf(kind, value);
}

function scalarOf(kind: string, value: unknown): unknown {
  if (kind === 'int64') return BigInt(value as string);
  return kind === 'double' || kind === 'float' ? fromHex(value as string) : value;
}

function floatsOf(hex: string): Float32Array {
  const bytes = Buffer.from(hex, 'hex');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

/** The inverse of Python's `float.hex`. */
function fromHex(text: string): number {
  const parts = /^(-?)0x([01])\.([0-9a-f]*)p([+-]\d+)$/.exec(text);
  if (!parts) return text === 'nan' ? NaN : text === 'inf' ? Infinity : -Infinity;
  const [, sign, whole, fraction, power] = parts;
  const digits = Number.parseInt(whole! + fraction!, 16);
  // In two steps, because the smallest powers of two have no reciprocal.
  const scale = Number(power) - 4 * fraction!.length;
  return (sign === '-' ? -1 : 1) * (digits * 2 ** Math.floor(scale / 2)) * 2 ** Math.ceil(scale / 2);
}
