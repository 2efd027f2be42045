import type { Field, FieldKind, MessageTable } from './message-table.js';
import { FIXED64, LENGTH, VARINT } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** One for the process: encoding is synchronous. */
const writer = new WireWriter();

export const WIRE: Readonly<Record<FieldKind, number>> = {
  text: LENGTH,
  bytes: LENGTH,
  flag: VARINT,
  whole: VARINT,
  double: FIXED64,
  choice: VARINT,
  message: LENGTH,
  map: LENGTH,
};

/** The message of an object; members that the table does not have are left out. */
export function encodeMessage(table: MessageTable, value: object): Buffer {
  writer.reset();
  putFields(table, value as Readonly<Record<string, unknown>>);
  return writer.copy();
}

function putFields(table: MessageTable, value: Readonly<Record<string, unknown>>): void {
  for (const name in table) {
    const field = table[name]!;
    const held = value[name];
    if (held === undefined) continue;
    if (field.kind === 'map') putMap(field, held as Readonly<Record<string, unknown>>);
    else if (field.isList) putList(field, held as readonly unknown[]);
    else if (field.isMember || !isDefault(field, held)) putField(field, held);
  }
}

/** What proto3 leaves out. */
function isDefault({ kind, names }: Field, value: unknown): boolean {
  if (kind === 'choice') return value === names![0];
  return value === '' || Object.is(value, 0) || value === false || value === 0n;
}

function putMap(field: Field, entries: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(entries)) {
    const start = writer.open(field.id * 8 + LENGTH);
    putFields(field.table!, { key, value: entries[key] });
    writer.close(start);
  }
}

/** Numbers are packed. */
function putList(field: Field, values: readonly unknown[]): void {
  if (values.length === 0) return;
  if (WIRE[field.kind] === LENGTH) {
    for (const value of values) putField(field, value);
    return;
  }
  const start = writer.open(field.id * 8 + LENGTH);
  for (const value of values) putNumber(field, value);
  writer.close(start);
}

function putField(field: Field, value: unknown): void {
  const tag = field.id * 8 + WIRE[field.kind];
  switch (field.kind) {
    case 'text':
      return writer.text(tag, value as string);
    case 'bytes':
      return writer.block(tag, value as Uint8Array);
    case 'message': {
      const start = writer.open(tag);
      putFields(field.table!, value as Readonly<Record<string, unknown>>);
      return writer.close(start);
    }
    default:
      writer.varint(tag);
      putNumber(field, value);
  }
}

function putNumber({ kind, names }: Field, value: unknown): void {
  if (kind === 'double') writer.double(value as number);
  else if (kind === 'flag') writer.varint(value ? 1 : 0);
  else if (kind === 'choice') writer.varint(Math.max(0, names!.indexOf(value as string)));
  else writer.integer(value as number | bigint);
}
