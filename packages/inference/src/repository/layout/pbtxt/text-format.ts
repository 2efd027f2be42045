import { TextCursor } from './text-cursor.js';
import { readString } from './text-string.js';

/** One `name: value`; `at` is where it begins in the text. */
export interface TextField {
  readonly name: string;
  readonly at: number;
  readonly value: TextValue;
}

/** A value before anything is known of its field's type. */
export type TextValue =
  | { readonly kind: 'message'; readonly at: number; readonly fields: readonly TextField[] }
  | { readonly kind: 'list'; readonly at: number; readonly items: readonly TextValue[] }
  | { readonly kind: 'string'; readonly at: number; readonly text: string }
  | { readonly kind: 'number'; readonly at: number; readonly value: number; readonly isWhole: boolean }
  /** `true`, `KIND_CPU`, `inf` … */
  | { readonly kind: 'word'; readonly at: number; readonly text: string };

/** As many as protobuf's own readers allow. */
const MAX_DEPTH = 100;
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|0[0-7]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fF]?/y;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '<': '>' };

/**
 * Reads protobuf's text format into a plain tree, without a schema.
 * @throws {INF_ERR_MODEL_CONFIG} with line and column; nothing else, whatever the text is
 */
export function parseTextFormat(text: string, fileName: string): readonly TextField[] {
  const cursor = new TextCursor(text, fileName);
  cursor.skipBlanks();
  return readFields(cursor, '', 0);
}

/** Up to the closing character; `''`: the end of the text. */
function readFields(cursor: TextCursor, closing: string, depth: number): TextField[] {
  const fields: TextField[] = [];
  while (cursor.here !== closing) {
    fields.push(readField(cursor, depth));
    if (!cursor.take(',')) cursor.take(';');
  }
  return fields;
}

function readField(cursor: TextCursor, depth: number): TextField {
  const { at } = cursor;
  const name = readName(cursor);
  const hasColon = cursor.take(':');
  if (!hasColon && !'{<['.includes(cursor.here || ' '))
    cursor.fail(`':' or '{' must follow ${name}, not ${cursor.sight}`);
  const value = readValue(cursor, depth);
  if (!hasColon) requireMessages(cursor, name, value);
  return { name, at, value };
}

function readName(cursor: TextCursor): string {
  const name = cursor.match(NAME);
  if (name !== undefined) {
    cursor.skipBlanks();
    return name;
  }
  const extension = cursor.match(/\[[^\]\n]{0,200}\]?/y);
  if (extension !== undefined) {
    cursor.fail(`extensions and Any are not read: ${extension}`, cursor.at - extension.length);
  }
  return cursor.fail(`a field's name is expected, not ${cursor.sight}`);
}

function readValue(cursor: TextCursor, depth: number): TextValue {
  const { at, here } = cursor;
  if (here === '{' || here === '<') return readMessage(cursor, depth);
  if (here === '[') return readList(cursor, depth);
  if (here === '"' || here === "'") return { kind: 'string', at, text: readString(cursor) };
  const isNegative = cursor.take('-');
  const word = cursor.match(NAME);
  if (word !== undefined) return readWord(cursor, word, isNegative, at);
  return readNumber(cursor, isNegative, at);
}

function readMessage(cursor: TextCursor, depth: number): TextValue {
  const { at, here } = cursor;
  if (depth >= MAX_DEPTH) cursor.fail(`more than ${MAX_DEPTH} levels`);
  cursor.take(here);
  const closing = CLOSING[here]!;
  const fields = readFields(cursor, closing, depth + 1);
  cursor.take(closing);
  return { kind: 'message', at, fields };
}

function readList(cursor: TextCursor, depth: number): TextValue {
  const { at } = cursor;
  if (depth >= MAX_DEPTH) cursor.fail(`more than ${MAX_DEPTH} levels`);
  cursor.take('[');
  const items: TextValue[] = [];
  while (!cursor.take(']')) {
    if (items.length > 0 && !cursor.take(',')) cursor.fail(`',' or ']' is expected, not ${cursor.sight}`);
    if (cursor.here === '[') cursor.fail('a list has no lists in it');
    items.push(readValue(cursor, depth + 1));
  }
  return { kind: 'list', at, items };
}

function readWord(cursor: TextCursor, word: string, isNegative: boolean, at: number): TextValue {
  cursor.skipBlanks();
  if (!isNegative) return { kind: 'word', at, text: word };
  if (/^(?:inf|infinity)$/i.test(word)) return { kind: 'number', at, value: -Infinity, isWhole: false };
  if (/^nan$/i.test(word)) return { kind: 'number', at, value: NaN, isWhole: false };
  return cursor.fail(`a number is expected after '-', not ${word}`, at);
}

function readNumber(cursor: TextCursor, isNegative: boolean, at: number): TextValue {
  const text = cursor.match(NUMBER);
  if (text === undefined) return cursor.fail(`a value is expected, not ${cursor.sight}`);
  if (/\w/.test(cursor.here)) cursor.fail('a number that goes on as a word', at);
  cursor.skipBlanks();
  const value = numberOf(text);
  const isWhole = /^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(text);
  return { kind: 'number', at, value: isNegative ? -value : value, isWhole };
}

function numberOf(text: string): number {
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return /^0[xX]/.test(text) ? Number(text) : Number.parseFloat(text);
}

/** Without a colon only messages may follow. */
function requireMessages(cursor: TextCursor, name: string, value: TextValue): void {
  const values = value.kind === 'list' ? value.items : [value];
  const other = values.find(({ kind }) => kind !== 'message');
  if (other) cursor.fail(`':' must stand between ${name} and its value`, other.at);
}
