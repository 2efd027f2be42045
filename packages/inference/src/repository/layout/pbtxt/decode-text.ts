import type { Ignored } from '../ignored.js';
import { quoted } from '../names.js';
import { describeType, type FieldType, inRange, type MessageType } from './message-type.js';
import { TextCursor } from './text-cursor.js';
import { parseTextFormat, type TextField, type TextValue } from './text-format.js';

/** A decoded message: fields that were given by name; lists as arrays, maps as `Map`. */
export type Decoded = Record<string, unknown>;

/**
 * Reads a message in protobuf's text format. Fields that the type does not have go to `ignored`.
 * @throws {INF_ERR_MODEL_CONFIG} with line and column; nothing else, whatever the text is
 */
export function decodeText(text: string, fileName: string, type: MessageType, ignored: Ignored): Decoded {
  return new TextDecoding(new TextCursor(text, fileName), ignored).message(parseTextFormat(text, fileName), type, '');
}

class TextDecoding {
  constructor(
    private readonly cursor: TextCursor,
    private readonly ignored: Ignored,
  ) {}

  message(fields: readonly TextField[], type: MessageType, path: string): Decoded {
    const decoded: Decoded = {};
    if (type.isOpaque) return decoded;
    for (const { name, at, value } of fields) {
      const field = type.fields.get(name);
      if (!field) this.ignored.add(`${path}${name}: no such field is known`);
      else if (field.arity === 'one') this.once(decoded, name, at, this.one(value, field.type, path + name));
      else this.several(decoded, name, value, field, path + name);
    }
    return decoded;
  }

  private once(decoded: Decoded, name: string, at: number, value: unknown): void {
    if (Object.hasOwn(decoded, name)) this.cursor.fail(`${name} is given twice`, at);
    decoded[name] = value;
  }

  private several(decoded: Decoded, name: string, value: TextValue, { type, arity }: FieldType, path: string): void {
    const values = value.kind === 'list' ? value.items : [value];
    if (arity === 'list') {
      const items = (decoded[name] ??= []) as unknown[];
      for (const item of values) items.push(this.one(item, type, path));
    } else {
      const entries = (decoded[name] ??= new Map()) as Map<string, unknown>;
      for (const item of values) entries.set(...this.entry(item, type, path));
    }
  }

  private entry(value: TextValue, type: FieldType['type'], path: string): [string, unknown] {
    if (value.kind !== 'message') return this.refuse(value, '{ key: … value: … }', path);
    const find = (name: string): TextValue | undefined => value.fields.findLast((field) => field.name === name)?.value;
    const odd = value.fields.find(({ name }) => name !== 'key' && name !== 'value');
    if (odd) this.ignored.add(`${path}.${odd.name}: no such field is known`);
    const key = find('key');
    if (key?.kind !== 'string' && key?.kind !== 'number')
      return this.cursor.fail(`${path} has an entry without a key`, value.at);
    const text = key.kind === 'string' ? key.text : String(key.value);
    const given = find('value') ?? { kind: 'message', at: value.at, fields: [] };
    return [text, this.one(given, type, `${path}[${quoted(text)}]`)];
  }

  private one(value: TextValue, type: FieldType['type'], path: string): unknown {
    if (typeof type === 'object' && 'fields' in type) {
      return value.kind === 'message'
        ? this.message(value.fields, type, `${path}.`)
        : this.refuse(value, describeType(type), path);
    }
    const scalar = scalarOf(value, type);
    return scalar === undefined ? this.refuse(value, describeType(type), path) : scalar;
  }

  private refuse(value: TextValue, expected: string, path: string): never {
    const seen =
      'text' in value ? quoted(value.text) : value.kind === 'number' ? String(value.value) : `a ${value.kind}`;
    return this.cursor.fail(`${path} takes ${expected}, not ${seen}`, value.at);
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  True: true,
  t: true,
  false: false,
  False: false,
  f: false,
};

/** `undefined`: not of the type. */
function scalarOf(value: TextValue, type: Exclude<FieldType['type'], MessageType>): unknown {
  if (type === 'string') return value.kind === 'string' ? value.text : undefined;
  if (type === 'bool') return booleanOf(value);
  if (typeof type === 'object') return enumOf(value, type.values);
  if (value.kind === 'word' && type === 'float') return /^(?:inf|infinity)f?$/i.test(value.text) ? Infinity : undefined;
  return value.kind === 'number' && inRange(type, value.value, value.isWhole) ? value.value : undefined;
}

function booleanOf(value: TextValue): boolean | undefined {
  if (value.kind === 'word') return Object.hasOwn(BOOLEANS, value.text) ? BOOLEANS[value.text] : undefined;
  return value.kind === 'number' && value.isWhole && (value.value === 0 || value.value === 1)
    ? value.value === 1
    : undefined;
}

function enumOf(value: TextValue, values: readonly string[]): string | undefined {
  if (value.kind === 'number') return value.isWhole ? values[value.value] : undefined;
  return value.kind === 'word' && values.includes(value.text) ? value.text : undefined;
}
