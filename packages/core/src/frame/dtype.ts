/**
 * Column data types. A dtype is written as a string (`'f32'`, `'timestamp(ms, UTC)'`, `'list<i64>'`), so that schemas
 * are plain data; {@link parseDType} gives its parts. The names follow Arrow and Polars.
 */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';
export type FloatDType = 'f16' | 'f32' | 'f64';
export type SmallIntDType = 'i8' | 'i16' | 'i32' | 'u8' | 'u16' | 'u32';
export type BigIntDType = 'i64' | 'u64';
export type NumberDType = FloatDType | SmallIntDType;
export type TemporalDType =
  'date32' | `timestamp(${TimeUnit})` | `timestamp(${TimeUnit}, ${string})` | `duration(${TimeUnit})`;
export type ScalarDType = 'bool' | NumberDType | BigIntDType | 'utf8' | 'binary' | TemporalDType;
export type DType = ScalarDType | `list<${ScalarDType}>`;

/** How a dtype's values are stored, without the parameters of temporal and list types. */
export type DTypeKind =
  'bool' | NumberDType | BigIntDType | 'utf8' | 'binary' | 'date32' | 'timestamp' | 'duration' | 'list';

/** A dtype's parts. Two dtypes are equal when their names are (see {@link sameDType}); nearly all are interned by name. */
export interface DTypeInfo {
  /** The normalised name, e.g. `timestamp(ms, UTC)`. */
  readonly name: DType;
  readonly kind: DTypeKind;
  /** For `timestamp` and `duration`. */
  readonly unit?: TimeUnit;
  /** For `timestamp`: an IANA zone name or offset; absent for a local timestamp. */
  readonly zone?: string;
  /** For `list`: the dtype of the values. */
  readonly item?: DTypeInfo;
}

/**
 * The value of one cell of a scalar column in a record.
 * date32 and timestamp(s|ms) are `Date`s; timestamp(us|ns) and every duration are `bigint` counts of their unit
 * (since the epoch for timestamps), because a `Date` cannot hold them.
 */
export type ScalarValue<D extends ScalarDType> = D extends 'bool'
  ? boolean
  : D extends NumberDType
    ? number
    : D extends BigIntDType
      ? bigint
      : D extends 'utf8'
        ? string
        : D extends 'binary'
          ? Uint8Array
          : D extends 'date32' | `timestamp(s${string}` | `timestamp(ms${string}`
            ? Date
            : bigint;

/** The value of one vector cell (inner shape other than `[]`) or of one list cell: flat, row-major. */
export type VectorValue<D extends ScalarDType> = D extends 'f16' | 'f32'
  ? Float32Array
  : D extends 'f64'
    ? Float64Array
    : D extends 'i8'
      ? Int8Array
      : D extends 'i16'
        ? Int16Array
        : D extends 'i32'
          ? Int32Array
          : D extends 'u8'
            ? Uint8Array
            : D extends 'u16'
              ? Uint16Array
              : D extends 'u32'
                ? Uint32Array
                : D extends 'i64'
                  ? BigInt64Array
                  : D extends 'u64'
                    ? BigUint64Array
                    : ScalarValue<D>[];

const SIMPLE: readonly DTypeKind[] = [
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f16',
  'f32',
  'f64',
  'utf8',
  'binary',
  'date32',
];
const interned = new Map<string, DTypeInfo>();
const MAX_INTERNED = 4096;

function parseFresh(text: string): DTypeInfo | undefined {
  if ((SIMPLE as readonly string[]).includes(text)) return { name: text as DType, kind: text as DTypeKind };
  const temporal = /^(timestamp|duration)\(\s*(s|ms|us|ns)\s*(?:,\s*([^\s)][^)]*?)\s*)?\)$/.exec(text);
  if (temporal) {
    const [, kind, unit, zone] = temporal as unknown as [
      string,
      'timestamp' | 'duration',
      TimeUnit,
      string | undefined,
    ];
    if (kind === 'duration') return zone ? undefined : { name: `duration(${unit})`, kind, unit };
    return zone
      ? { name: `timestamp(${unit}, ${zone})`, kind, unit, zone }
      : { name: `timestamp(${unit})`, kind, unit };
  }
  const list = /^list<\s*(.+?)\s*>$/.exec(text);
  const item = list && tryParseDType(list[1]!);
  if (!item || item.kind === 'list') return undefined;
  return { name: `list<${item.name as ScalarDType}>`, kind: 'list', item };
}

/** Like {@link parseDType}, but gives `undefined` for text that is no dtype. */
export function tryParseDType(text: string): DTypeInfo | undefined {
  const known = interned.get(text);
  if (known) return known;
  const fresh = parseFresh(text);
  if (!fresh) return undefined;
  const info = interned.get(fresh.name) ?? Object.freeze(fresh);
  // Bounded, because zone names come from callers too.
  if (interned.size < MAX_INTERNED) interned.set(info.name, info);
  if (interned.size < MAX_INTERNED) interned.set(text, info);
  return info;
}

/** Whether two dtypes are one; also right for those beyond the bound of the interning table. */
export function sameDType(a: DTypeInfo, b: DTypeInfo): boolean {
  return a === b || a.name === b.name;
}

/**
 * The parts of a dtype's name.
 * @throws {RangeError} for text that is no dtype; the schema layer names the column before it reaches a user.
 */
export function parseDType(text: string): DTypeInfo {
  const info = tryParseDType(text);
  if (info) return info;
  throw new RangeError(
    `'${text}' is not a dtype: use bool, i8..i64, u8..u64, f16, f32, f64, utf8, binary, date32, ` +
      'timestamp(s|ms|us|ns[, zone]), duration(s|ms|us|ns) or list<one of these>',
  );
}

const NUMBER_KINDS: ReadonlySet<DTypeKind> = new Set<NumberDType>([
  'f16',
  'f32',
  'f64',
  'i8',
  'i16',
  'i32',
  'u8',
  'u16',
  'u32',
]);

/** Numbers that a typed array of this dtype holds as JavaScript numbers. */
export function isNumberKind(kind: DTypeKind): kind is NumberDType {
  return NUMBER_KINDS.has(kind);
}

/** True for dtypes whose cells are stored as 64-bit integers (`BigInt64Array` or `BigUint64Array`). */
export function isBigIntKind(kind: DTypeKind): boolean {
  return kind === 'i64' || kind === 'u64' || kind === 'timestamp' || kind === 'duration';
}
