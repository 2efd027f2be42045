/** What a field holds. */
export type FieldKind = 'text' | 'bytes' | 'flag' | 'whole' | 'double' | 'choice' | 'message' | 'map';

/** One field of a message. */
export interface Field {
  readonly id: number;
  readonly kind: FieldKind;
  readonly isList: boolean;
  /** Member of the message's oneof: written also where it is the default, and takes the place of the others. */
  readonly isMember: boolean;
  /** Of a message; of a map's entry, whose value has the number 2. */
  readonly table?: MessageTable;
  /** Of a choice, by number: an enum. */
  readonly names?: readonly string[];
}

/**
 * The fields of a message by their names in the .proto; objects of that form are what {@link encodeMessage} takes and
 * {@link decodeMessage} gives. For small messages: those with tensors have code of their own.
 */
export interface MessageTable {
  readonly [name: string]: Field;
}

function field(id: number, kind: FieldKind, more: Partial<Field> = {}): Field {
  return { id, kind, isList: false, isMember: false, ...more };
}

export const text = (id: number): Field => field(id, 'text');
export const bytes = (id: number): Field => field(id, 'bytes');
export const flag = (id: number): Field => field(id, 'flag');
/** Any of protobuf's varint integers: what is not safe as a number comes as a bigint. */
export const whole = (id: number): Field => field(id, 'whole');
export const double = (id: number): Field => field(id, 'double');
/** An enum: the names of its numbers from 0. */
export const choice = (id: number, names: readonly string[]): Field => field(id, 'choice', { names });
export const message = (id: number, table: MessageTable): Field => field(id, 'message', { table });
/** `map<string, V>`; `value` has the number 2. */
export const map = (id: number, value: Field): Field => field(id, 'map', { table: { key: text(1), value } });
export const list = (of: Field): Field => ({ ...of, isList: true });
/** A member of the message's oneof. */
export const member = (of: Field): Field => ({ ...of, isMember: true });
