import type { Ignored } from '../ignored.js';
import { layoutError } from '../layout.errors.js';
import { printable, quoted } from '../names.js';
import type { Decoded } from './decode-text.js';
import { describeType, type FieldType, inRange, type MessageType } from './message-type.js';

/**
 * Reads a message in protobuf's JSON form: names in snake_case or lowerCamelCase, 64-bit numbers also as texts, enums by
 * name or number, `null` for what is not given. Fields that the type does not have go to `ignored`.
 * @throws {INF_ERR_MODEL_CONFIG}
 */
export function decodeJson(text: string, fileName: string, type: MessageType, ignored: Ignored): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: it is no JSON (${printable((cause as Error).message)})`, {
      cause,
    });
  }
  return new JsonDecoding(fileName, ignored).message(value, type, '');
}

class JsonDecoding {
  constructor(
    private readonly fileName: string,
    private readonly ignored: Ignored,
  ) {}

  message(value: unknown, type: MessageType, path: string): Decoded {
    if (!isRecord(value)) return this.refuse(value, 'an object', path.slice(0, -1) || 'it');
    const decoded: Decoded = {};
    if (type.isOpaque) return decoded;
    for (const [given, item] of Object.entries(value)) {
      const name = type.fields.has(given) ? given : snakeCase(given);
      const field = type.fields.get(name);
      if (!field) this.ignored.add(`${path}${printableName(given)}: no such field is known`);
      else if (item !== null) decoded[name] = this.field(item, field, path + name);
    }
    return decoded;
  }

  private field(value: unknown, { type, arity }: FieldType, path: string): unknown {
    if (arity === 'one') return this.one(value, type, path);
    if (arity === 'list') {
      if (!Array.isArray(value)) return this.refuse(value, 'a list', path);
      return value.map((item, i) => this.one(item, type, `${path}[${i}]`));
    }
    if (!isRecord(value)) return this.refuse(value, 'an object', path);
    const entries = Object.entries(value).map(
      ([key, item]) => [key, this.one(item, type, `${path}[${quoted(key)}]`)] as const,
    );
    return new Map(entries);
  }

  private one(value: unknown, type: FieldType['type'], path: string): unknown {
    if (typeof type === 'object' && 'fields' in type) return this.message(value, type, `${path}.`);
    const scalar = scalarOf(value, type);
    return scalar === undefined ? this.refuse(value, describeType(type), path) : scalar;
  }

  private refuse(value: unknown, expected: string, path: string): never {
    const seen = quoted(JSON.stringify(value) ?? 'nothing', 40);
    throw layoutError('INF_ERR_MODEL_CONFIG', `${this.fileName}: ${path} takes ${expected}, not ${seen}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function printableName(name: string): string {
  return /^\w{1,80}$/.test(name) ? name : quoted(name);
}

/** `undefined`: not of the type. */
function scalarOf(value: unknown, type: Exclude<FieldType['type'], MessageType>): unknown {
  if (type === 'string') return typeof value === 'string' ? value : undefined;
  if (type === 'bool') return typeof value === 'boolean' ? value : undefined;
  if (typeof type === 'object') return enumOf(value, type.values);
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && inRange(type, number, Number.isInteger(number)) ? number : undefined;
}

function enumOf(value: unknown, values: readonly string[]): string | undefined {
  if (typeof value === 'number') return values[value];
  return typeof value === 'string' && values.includes(value) ? value : undefined;
}
