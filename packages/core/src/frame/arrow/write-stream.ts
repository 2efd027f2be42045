import { Column, type DictionaryData, type ListData } from '../column.js';
import { sameShape } from '../concat.js';
import { sameDType } from '../dtype.js';
import type { Frame } from '../frame.js';
import { frameError } from '../frame.errors.js';
import { CONTINUATION, END_OF_STREAM } from './format.js';
import { BatchBody, dictionaryColumn, dictionaryOf, writeBatchMessage, writeDictionaryMessage } from './write-batch.js';
import { type StreamField, writeSchemaMessage } from './write-schema.js';

/** Messages on their way into one buffer; each part begins at a multiple of 8. */
class MessageParts {
  private readonly parts: Uint8Array[] = [];
  private bytes = 0;

  message(metadata: Uint8Array, body?: BatchBody): void {
    const prefix = new Int32Array([CONTINUATION, metadata.length]);
    this.push(new Uint8Array(prefix.buffer));
    this.push(metadata);
    if (body) for (const buffer of body.buffers) this.push(buffer);
  }

  push(part: Uint8Array): void {
    this.parts.push(part);
    this.bytes += (part.length + 7) & ~7;
  }

  join(): Uint8Array {
    // Not zeroed as a whole: every byte is written below, the gaps too.
    const out = Buffer.allocUnsafeSlow(this.bytes);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
      while (at & 7) out[at++] = 0;
    }
    return out;
  }
}

/**
 * Writes an Arrow IPC stream piece by piece, for streamed answers: one piece for each Frame, then {@link finish}.
 * The first Frame sets the columns; text that is a dictionary there goes as Dictionary<int32, utf8> throughout, and a
 * changed dictionary is sent again.
 */
export class ArrowStreamWriter {
  private fields: readonly StreamField[] | undefined;
  private readonly sent = new Map<number, readonly string[]>();

  /**
   * The bytes of one Frame: its record batch, before it the schema (first) and the dictionaries (when they changed).
   * @throws {CORE_ERR_ARROW_ENCODE} when the columns are not those of the first Frame, or hold over 2 GiB of text
   */
  write(frame: Frame<object>): Uint8Array {
    const parts = new MessageParts();
    this.writeTo(parts, frame, true);
    return parts.join();
  }

  /** The end-of-stream marker. A stream without any Frame has no schema: write a Frame of no rows before. */
  finish(): Uint8Array {
    return END_OF_STREAM.slice();
  }

  /** @internal */
  writeTo(parts: MessageParts, frame: Frame<object>, allNullable: boolean): void {
    if (!this.fields) {
      this.fields = fieldsOf(frame, allNullable);
      parts.message(writeSchemaMessage(this.fields));
    }
    const body = new BatchBody();
    if (frame.columns.size !== this.fields.length)
      throw changedColumns(`it has ${frame.columns.size} columns, the first one ${this.fields.length}`);
    for (const field of this.fields) {
      const column = asField(frame.columns.get(field.name), field);
      if (field.dictionary !== undefined) this.sendDictionary(parts, field.dictionary, dictionaryOf(column)!);
      body.add(column, field.dictionary !== undefined);
    }
    parts.message(writeBatchMessage(frame.rows, body), body);
  }

  private sendDictionary(parts: MessageParts, id: number, data: DictionaryData): void {
    if (this.sent.get(id) === data.values) return;
    this.sent.set(id, data.values);
    const body = new BatchBody();
    body.add(dictionaryColumn(data), false);
    parts.message(writeDictionaryMessage(id, data.values.length, body), body);
  }
}

function fieldsOf(frame: Frame<object>, allNullable: boolean): StreamField[] {
  let dictionaries = 0;
  return Array.from(frame.columns, ([name, column]) => ({
    name,
    dtype: column.dtype,
    shape: column.shape,
    nullable: allNullable || column.validity !== undefined,
    dictionary: dictionaryOf(column) ? dictionaries++ : undefined,
  }));
}

/** The column in the storage that the schema promised: a dictionary where it says so, plain text where not. */
function asField(column: Column | undefined, field: StreamField): Column {
  if (!column) throw changedColumns(`it has no column '${field.name}'`);
  if (!sameDType(column.dtype, field.dtype) || !sameShape(column.shape, field.shape)) {
    throw changedColumns(
      `column '${field.name}' is ${column.dtype.name} [${column.shape}], not ${field.dtype.name} [${field.shape}]`,
    );
  }
  if (field.dictionary === undefined || dictionaryOf(column)) return column;
  const { dtype, shape, length, validity } = column;
  if (dtype.kind !== 'list')
    return new Column({ dtype, shape, length, validity, data: encodeDictionary(column.data as readonly string[]) });
  const { offsets, values } = column.data as ListData;
  const items = new Column({
    dtype: values.dtype,
    length: values.length,
    data: encodeDictionary(values.data as readonly string[]),
  });
  return new Column({ dtype, length, validity, data: { offsets, values: items } });
}

function encodeDictionary(cells: readonly string[]): DictionaryData {
  const codeOf = new Map<string, number>();
  const codes = Int32Array.from(cells, (cell) => {
    let code = codeOf.get(cell);
    if (code === undefined) codeOf.set(cell, (code = codeOf.size));
    return code;
  });
  return { codes, values: [...codeOf.keys()] };
}

function changedColumns(what: string): Error {
  return frameError('CORE_ERR_ARROW_ENCODE', `every Frame of an Arrow stream has the columns of the first: ${what}`);
}

/**
 * A Frame as a whole Arrow IPC stream: little-endian, metadata V5, buffers aligned to 8 bytes, uncompressed. Text
 * dictionaries go as Dictionary<int32, utf8>, vectors as FixedSizeList (one per inner size), f16 as HalfFloat.
 * @throws {CORE_ERR_ARROW_ENCODE} when a column holds over 2 GiB of text or binary
 */
export function encodeArrowStream(frame: Frame<object>): Uint8Array {
  const parts = new MessageParts();
  new ArrowStreamWriter().writeTo(parts, frame, false);
  parts.push(END_OF_STREAM);
  return parts.join();
}
