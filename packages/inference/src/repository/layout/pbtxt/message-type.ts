export type ScalarType = 'string' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float';

/** Names by value, from 0 on. */
export interface EnumType {
  readonly values: readonly string[];
}

/** A message by its fields' names. */
export interface MessageType {
  readonly fields: ReadonlyMap<string, FieldType>;
  /** Nothing of it applies: what is in it is not looked at. */
  readonly isOpaque?: boolean;
}

export interface FieldType {
  readonly type: ScalarType | EnumType | MessageType;
  /** `map`: entries of text or number keys and values of {@link type}. */
  readonly arity: 'one' | 'list' | 'map';
}

type Shorthand = ScalarType | EnumType | MessageType | FieldType;

/** A message of these fields; what stands without {@link list} or {@link map} is there once. */
export function message(fields: Readonly<Record<string, Shorthand>>): MessageType {
  const entries = Object.entries(fields).map(([name, field]) => [name, fieldOf(field)] as const);
  return { fields: new Map(entries) };
}

/** A message that is only seen to be there. */
export const OPAQUE: MessageType = { fields: new Map(), isOpaque: true };

export function list(type: FieldType['type']): FieldType {
  return { type, arity: 'list' };
}

export function map(type: FieldType['type']): FieldType {
  return { type, arity: 'map' };
}

export function oneOf(...values: readonly string[]): EnumType {
  return { values };
}

function fieldOf(field: Shorthand): FieldType {
  return typeof field === 'object' && 'arity' in field ? field : { type: field, arity: 'one' };
}

const RANGES: Readonly<Partial<Record<ScalarType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
};

/** Whether a number is one of the type. */
export function inRange(type: ScalarType, value: number, isWhole: boolean): boolean {
  const range = RANGES[type];
  return range === undefined ? type === 'float' : isWhole && value >= range[0] && value <= range[1];
}

/** What a field of the type takes, for messages. */
export function describeType(type: FieldType['type']): string {
  if (typeof type === 'string')
    return type === 'string' ? 'a string' : type === 'bool' ? 'true or false' : `a number (${type})`;
  return 'values' in type ? `one of ${type.values.join(', ')}` : 'a message { … }';
}
