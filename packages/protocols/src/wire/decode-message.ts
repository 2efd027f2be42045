import { WIRE } from './encode-message.js';
import type { Field, MessageTable } from './message-table.js';
import { LENGTH, type Malformed, WireReader } from './wire-reader.js';

/** Entries of lists and maps that one message may have: each takes far more memory than its bytes. */
const MAX_ENTRIES = 10_000;

type Value = Record<string, unknown>;

/**
 * An object with the members that the message has; those that it lacks, or has not in the form of the table, are absent.
 * Later values take the place of earlier ones, as protobuf has it. Bytes are views of the message. No request has lists of
 * numbers: they are only written.
 */
export function decodeMessage(table: MessageTable, bytes: Buffer, malformed: Malformed): Readonly<Value> {
  return new MessageDecoder(bytes, malformed).fields(table, bytes.length, {});
}

class MessageDecoder {
  private readonly reader: WireReader;
  private entries = 0;

  constructor(
    bytes: Buffer,
    private readonly malformed: Malformed,
  ) {
    this.reader = new WireReader(bytes, malformed);
  }

  fields(table: MessageTable, end: number, into: Value): Value {
    const { reader } = this;
    const outer = reader.limit;
    reader.limit = end;
    while (reader.pos < end) {
      const tag = reader.tag();
      const name = nameOf(table, tag);
      if (name === undefined) reader.skip(tag);
      else this.field(table, name, into);
    }
    reader.limit = outer;
    return into;
  }

  private field(table: MessageTable, name: string, into: Value): void {
    const field = table[name]!;
    if (field.kind === 'map') return this.entry(field, ((into[name] as Value) ??= Object.create(null) as Value));
    if (field.isList) {
      this.count();
      ((into[name] as unknown[]) ??= []).push(this.value(field, undefined));
      return;
    }
    const value = this.value(field, into[name] as Value | undefined);
    if (field.isMember) for (const other in table) if (table[other]!.isMember) delete into[other];
    into[name] = value;
  }

  private entry(field: Field, into: Value): void {
    this.count();
    const { key = '', value } = this.fields(field.table!, this.reader.block(), {});
    into[key as string] = value ?? emptyOf(field.table!['value']!);
  }

  private value({ kind, table, names }: Field, before: Value | undefined): unknown {
    const { reader } = this;
    switch (kind) {
      case 'message':
        return this.fields(table!, reader.block(), before ?? {});
      case 'text': {
        const start = reader.text();
        return reader.bytes.toString('utf8', start, reader.pos);
      }
      case 'bytes': {
        const end = reader.block();
        const start = reader.pos;
        reader.pos = end;
        return reader.bytes.subarray(start, end);
      }
      case 'double':
        return reader.double();
    }
    reader.varint();
    if (kind === 'flag') return (reader.lo | reader.hi) !== 0;
    return kind === 'choice' ? names![reader.lo] : wholeOf(reader);
  }

  private count(): void {
    if (++this.entries > MAX_ENTRIES) throw this.malformed(`more than ${MAX_ENTRIES} entries`, this.reader.pos);
  }
}

function nameOf(table: MessageTable, tag: number): string | undefined {
  for (const name in table) {
    const { id, kind } = table[name]!;
    if (id * 8 + WIRE[kind] === tag) return name;
  }
  return undefined;
}

function emptyOf({ kind, names }: Field): unknown {
  if (kind === 'message') return {};
  if (WIRE[kind] === LENGTH) return kind === 'text' ? '' : Buffer.alloc(0);
  if (kind === 'flag') return false;
  return kind === 'choice' ? names![0] : 0;
}

/** The signed 64-bit number that was read last. */
export function wholeOf({ lo, hi }: WireReader): number | bigint {
  const number = hi * 0x1_0000_0000 + (lo >>> 0);
  return Number.isSafeInteger(number) ? number : (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}
