import type { Column, DTypeInfo, Frame } from '@witan/core/frame';
import { tryParseDType } from '@witan/core/frame';

/** The types of a Frame's columns: `{ x: 'f32', v: 'f32[2,3]' }`. */
export type ColumnTypes = Readonly<Record<string, string>>;

/** The types of both Frames of a record, so that a reader restores what JSON and Parquet do not hold. */
export interface RecordTypes {
  readonly input?: ColumnTypes;
  readonly output?: ColumnTypes;
}

/** One column's type as text. */
export function typeOf({ dtype, shape }: Column): string {
  return shape.length > 0 ? `${dtype.name}[${shape.join(',')}]` : dtype.name;
}

/** A type's text as dtype and inner shape; `undefined` for text that is none. */
export function parseType(text: string): { readonly dtype: DTypeInfo; readonly shape: readonly number[] } | undefined {
  const [, name, sizes] = /^(.*?)(?:\[([\d,]*)\])?$/.exec(text) ?? [];
  const dtype = name === undefined ? undefined : tryParseDType(name);
  if (!dtype) return undefined;
  return { dtype, shape: sizes === undefined || sizes === '' ? [] : sizes.split(',').map(Number) };
}

/** The JSON text of {@link RecordTypes}; the same text for Frames of the same columns, so that it also names a layout. */
export function typesText(input: Frame | undefined, output: Frame | undefined): string {
  const parts: string[] = [];
  if (input) parts.push(`"input":${frameTypes(input)}`);
  if (output) parts.push(`"output":${frameTypes(output)}`);
  return `{${parts.join(',')}}`;
}

const MAX_TEXTS = 1000;
const texts = new Map<string, string>();

/** Made once for all Frames of the same columns: quoting twenty names costs more than writing their numbers. */
function frameTypes(frame: Frame): string {
  let key = '';
  for (const [name, column] of frame.columns) key += `${name.length}:${name}${typeOf(column)};`;
  let text = texts.get(key);
  if (text === undefined) {
    text = quotedTypes(frame);
    // Names come from callers too: forget all rather than grow without end.
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(key, text);
  }
  return text;
}

/** Not by way of an object: a column may have the name `__proto__`. */
function quotedTypes(frame: Frame): string {
  const members = Array.from(
    frame.columns,
    ([name, column]) => `${JSON.stringify(name)}:${JSON.stringify(typeOf(column))}`,
  );
  return `{${members.join(',')}}`;
}
