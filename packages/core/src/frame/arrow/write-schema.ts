import type { DTypeInfo } from '../dtype.js';
import { FlatWriter } from './flat-writer.js';
import { MESSAGE, METADATA_V5, TIME_UNITS, TYPE } from './format.js';

/** One column as the stream's schema says it: fixed for the whole stream. */
export interface StreamField {
  readonly name: string;
  readonly dtype: DTypeInfo;
  readonly shape: readonly number[];
  readonly nullable: boolean;
  /** The dictionary's id, for text that goes as codes. */
  readonly dictionary: number | undefined;
}

/** The metadata of a message that begins a stream. */
export function writeSchemaMessage(fields: readonly StreamField[]): Uint8Array {
  const writer = new FlatWriter(256 + 128 * fields.length);
  const header = writeMessageHead(writer, MESSAGE.SCHEMA, 0);
  const [, children] = writer.table([0, 4], header);
  const first = writer.links(children!, fields.length);
  fields.forEach((field, i) => writeField(writer, first + 4 * i, field));
  return writer.finish();
}

/** The Message table; gives where its header is to be linked from. */
export function writeMessageHead(writer: FlatWriter, type: number, bodyBytes: number): number {
  const [version, kind, header, bodyLength] = writer.table([2, 1, 4, 8]);
  writer.int16(version!, METADATA_V5);
  writer.int8(kind!, type);
  writer.int64(bodyLength!, bodyBytes);
  return header!;
}

function writeField(writer: FlatWriter, from: number, { name, dtype, shape, nullable, dictionary }: StreamField): void {
  const nested = shape.length > 0 || dtype.kind === 'list';
  const hasDictionary = !nested && dictionary !== undefined;
  const at = writer.table([4, 1, 1, 4, hasDictionary ? 4 : 0, 4], from);
  writer.text(at[0]!, name);
  writer.int8(at[1]!, nullable ? 1 : 0);
  const type = shape.length > 0 ? TYPE.FIXED_SIZE_LIST : typeNumber(dtype);
  writer.int8(at[2]!, type);
  if (shape.length > 0) writer.int32(writer.table([4], at[3])[0]!, shape[0]!);
  else writeType(writer, at[3]!, dtype);
  if (hasDictionary) writeDictionaryEncoding(writer, at[4]!, dictionary);
  const child = writer.links(at[5]!, nested ? 1 : 0);
  if (!nested) return;
  const inner = shape.length > 0 ? { dtype, shape: shape.slice(1) } : { dtype: dtype.item!, shape: [] };
  writeField(writer, child, { name: 'item', nullable: false, dictionary, ...inner });
}

function writeDictionaryEncoding(writer: FlatWriter, from: number, id: number): void {
  const [idAt, index] = writer.table([8, 4], from);
  writer.int64(idAt!, id);
  const [bits, signed] = writer.table([4, 1], index);
  writer.int32(bits!, 32);
  writer.int8(signed!, 1);
}

function typeNumber({ kind }: DTypeInfo): number {
  switch (kind) {
    case 'bool':
      return TYPE.BOOL;
    case 'utf8':
      return TYPE.UTF8;
    case 'binary':
      return TYPE.BINARY;
    case 'date32':
      return TYPE.DATE;
    case 'timestamp':
      return TYPE.TIMESTAMP;
    case 'duration':
      return TYPE.DURATION;
    case 'list':
      return TYPE.LIST;
    default:
      return kind.startsWith('f') ? TYPE.FLOAT : TYPE.INT;
  }
}

const FLOAT_PRECISION: Readonly<Record<string, number>> = { f16: 0, f32: 1, f64: 2 };

/** The type's own table: even types without parameters have one, an empty one. */
function writeType(writer: FlatWriter, from: number, { kind, unit, zone }: DTypeInfo): void {
  if (kind in FLOAT_PRECISION) return writer.int16(writer.table([2], from)[0]!, FLOAT_PRECISION[kind]!);
  switch (kind) {
    case 'bool':
    case 'utf8':
    case 'binary':
    case 'list':
      writer.table([], from);
      return;
    case 'date32':
      return writer.int16(writer.table([2], from)[0]!, 0);
    case 'duration':
      return writer.int16(writer.table([2], from)[0]!, TIME_UNITS.indexOf(unit!));
    case 'timestamp': {
      const [unitAt, zoneAt] = writer.table([2, zone === undefined ? 0 : 4], from);
      writer.int16(unitAt!, TIME_UNITS.indexOf(unit!));
      if (zone !== undefined) writer.text(zoneAt!, zone);
      return;
    }
    default: {
      const [bits, signed] = writer.table([4, 1], from);
      writer.int32(bits!, Number(kind.slice(1)));
      writer.int8(signed!, kind.startsWith('i') ? 1 : 0);
    }
  }
}
