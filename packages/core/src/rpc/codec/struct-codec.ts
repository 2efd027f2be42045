import { LENGTH } from '../proto/scalar-type.js';
import { rpcError } from '../rpc.errors.js';
import { malformed } from './malformed.js';
import type { ProtoReader } from './proto-reader.js';
import type { ProtoWriter } from './proto-writer.js';

const MAX_DEPTH = 32;
const KEY_TAG = 10;
const VALUE_TAG = 18;
const NULL_TAG = 8;
const NUMBER_TAG = 17;
const STRING_TAG = 26;
const BOOL_TAG = 32;
const STRUCT_TAG = 42;
const LIST_TAG = 50;
const ENTRY_TAG = 8 + LENGTH;

/** Reads a `google.protobuf.Struct` up to the reader's limit. `__proto__` is a key like any other; the last of equal keys wins. */
export function readStruct(r: ProtoReader, depth = 0): Record<string, unknown> {
  if (depth >= MAX_DEPTH) throw malformed(`a Struct is nested more than ${MAX_DEPTH} deep`, r.pos);
  const record: Record<string, unknown> = {};
  const end = r.limit;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag !== ENTRY_TAG) {
      r.skip(tag);
      continue;
    }
    r.limit = r.block();
    readEntry(r, record, depth);
    r.limit = end;
  }
  return record;
}

function readEntry(r: ProtoReader, record: Record<string, unknown>, depth: number): void {
  let key = '';
  let value: unknown = null;
  const end = r.limit;
  while (r.pos < end) {
    const tag = r.tag();
    if (tag === KEY_TAG) key = r.string();
    else if (tag === VALUE_TAG) value = nested(r, depth, readValue);
    else r.skip(tag);
  }
  Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true });
}

function nested<T>(r: ProtoReader, depth: number, read: (r: ProtoReader, depth: number) => T): T {
  const outer = r.limit;
  r.limit = r.block();
  const value = read(r, depth + 1);
  r.limit = outer;
  return value;
}

function readValue(r: ProtoReader, depth: number): unknown {
  if (depth >= MAX_DEPTH) throw malformed(`a Value is nested more than ${MAX_DEPTH} deep`, r.pos);
  let value: unknown = null;
  while (r.pos < r.limit) {
    const tag = r.tag();
    if (tag === NUMBER_TAG) value = r.double();
    else if (tag === STRING_TAG) value = r.string();
    else if (tag === BOOL_TAG) value = r.bool() === 1;
    else if (tag === STRUCT_TAG) value = nested(r, depth, readStruct);
    else if (tag === LIST_TAG) value = nested(r, depth, readList);
    else {
      r.skip(tag);
      if (tag === NULL_TAG) value = null;
    }
  }
  return value;
}

function readList(r: ProtoReader, depth: number): unknown[] {
  const list: unknown[] = [];
  while (r.pos < r.limit) {
    const tag = r.tag();
    if (tag === ENTRY_TAG) list.push(nested(r, depth, readValue));
    else r.skip(tag);
  }
  return list;
}

/** Writes a record as a `google.protobuf.Struct`, without its own tag and length. */
export function writeStruct(w: ProtoWriter, record: object): void {
  const entries = Object.entries(record);
  for (let i = entries.length - 1; i >= 0; i--) {
    const [key, value] = entries[i]!;
    const entry = w.length;
    writeValue(w, value, VALUE_TAG);
    w.string(key);
    w.uint32(KEY_TAG);
    close(w, entry, ENTRY_TAG);
  }
}

function close(w: ProtoWriter, mark: number, tag: number): void {
  w.uint32(w.length - mark);
  w.uint32(tag);
}

function writeValue(w: ProtoWriter, value: unknown, tag: number): void {
  const mark = w.length;
  writeKind(w, value);
  close(w, mark, tag);
}

function writeKind(w: ProtoWriter, value: unknown): void {
  if (typeof value === 'number') return tagged(w, NUMBER_TAG, () => w.double(value));
  if (typeof value === 'string') return tagged(w, STRING_TAG, () => w.string(value));
  if (typeof value === 'bigint') return writeBigInt(w, value);
  if (typeof value === 'boolean') return tagged(w, BOOL_TAG, () => w.uint32(value ? 1 : 0));
  if (value instanceof Date) return tagged(w, STRING_TAG, () => w.string(value.toISOString()));
  if (value instanceof Uint8Array) return tagged(w, STRING_TAG, () => w.string(Buffer.from(value).toString('base64')));
  const mark = w.length;
  if (value === null || value === undefined) return tagged(w, NULL_TAG, () => w.uint32(0));
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = value as ArrayLike<unknown>;
    for (let i = list.length - 1; i >= 0; i--) writeValue(w, list[i], ENTRY_TAG);
    return close(w, mark, LIST_TAG);
  }
  if (typeof value !== 'object') {
    throw rpcError('CORE_ERR_PROTO_OUTPUT', `a ${typeof value} cannot be written as google.protobuf.Value`);
  }
  writeStruct(w, value);
  close(w, mark, STRUCT_TAG);
}

/** A Struct's numbers are doubles: what one cannot hold goes as text, as protobuf's own JSON does with 64-bit integers. */
function writeBigInt(w: ProtoWriter, value: bigint): void {
  const number = Number(value);
  if (Number.isSafeInteger(number)) tagged(w, NUMBER_TAG, () => w.double(number));
  else tagged(w, STRING_TAG, () => w.string(String(value)));
}

function tagged(w: ProtoWriter, tag: number, write: () => void): void {
  write();
  w.uint32(tag);
}
