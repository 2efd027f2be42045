import { HEADER_TABLE_BYTES } from './block-decoder.js';
import { encodeInteger } from './integer.js';
import { FIRST_DYNAMIC, STATIC_TABLE } from './static-table.js';

/** Static indexes of names that answers have. */
const NAME_INDEX = new Map<string, number>();
for (let index = STATIC_TABLE.length - 1; index > 0; index--) NAME_INDEX.set(STATIC_TABLE[index]!.name, index);

/** The few fields that nearly every answer has; each goes into the caller's table once and is one byte from then on. */
export const REPEATED = { contentType: 0, contentTypeProto: 1, statusOk: 2 } as const;
const REPEATED_FIELDS: readonly (readonly [string, string])[] = [
  ['content-type', 'application/grpc'],
  ['content-type', 'application/grpc+proto'],
  ['grpc-status', '0'],
];

const STATUS_200 = 0x88;
const TABLE_OF_NONE = 0x20;

/**
 * Writes the header blocks of one connection's answers, in the order in which they are sent. Nothing but
 * {@link REPEATED} goes into the table: with other fields it would be the caller's to fill.
 */
export class AnswerEncoder {
  /** Fields that were put in, and as which of them: 0 is not yet. */
  private readonly place = new Uint8Array(REPEATED_FIELDS.length);
  private inserted = 0;
  private mayInsert = true;
  private mustTell = false;

  /** The caller's SETTINGS_HEADER_TABLE_SIZE: a table smaller than the usual one is not used at all. */
  setTableSize(size: number): void {
    if (size >= HEADER_TABLE_BYTES || !this.mayInsert) return;
    this.mayInsert = false;
    this.mustTell = true;
    this.place.fill(0);
  }

  /** Begins a block of `:status: 200`; gives where it ends. */
  ok(out: Buffer, at: number): number {
    at = this.begin(out, at);
    out[at] = STATUS_200;
    return at + 1;
  }

  /** Every block begins here: a table that was given up must be told of first. */
  begin(out: Buffer, at: number): number {
    if (!this.mustTell) return at;
    this.mustTell = false;
    out[at] = TABLE_OF_NONE;
    return at + 1;
  }

  /** One of {@link REPEATED}. */
  repeated(which: number, out: Buffer, at: number): number {
    const place = this.place[which]!;
    if (place > 0) {
      out[at] = 0x80 | (FIRST_DYNAMIC + this.inserted - place);
      return at + 1;
    }
    const [name, value] = REPEATED_FIELDS[which]!;
    if (!this.mayInsert) return this.literal(name, value, out, at);
    this.place[which] = ++this.inserted;
    return literalField(name, value, 0x40, 6, out, at);
  }

  /** A field that is not kept. Names and values are latin1. */
  literal(name: string, value: string, out: Buffer, at: number): number {
    return literalField(name, value, 0, 4, out, at);
  }
}

/** The most that a literal field takes. */
export const literalBytes = (name: string, value: string): number => name.length + value.length + 12;

function literalField(name: string, value: string, first: number, prefixBits: number, out: Buffer, at: number): number {
  const index = NAME_INDEX.get(name) ?? 0;
  at = encodeInteger(index, (1 << prefixBits) - 1, first, out, at);
  if (index === 0) at = text(name, out, at);
  return text(value, out, at);
}

function text(value: string, out: Buffer, at: number): number {
  at = encodeInteger(value.length, 0x7f, 0, out, at);
  return at + out.write(value, at, 'latin1');
}
