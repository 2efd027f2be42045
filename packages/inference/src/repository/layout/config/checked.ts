import { layoutError } from '../layout.errors.js';
import { quoted } from '../names.js';
import { didYouMean } from './did-you-mean.js';

/** A mapping of a YAML file, read key by key; every fault names the file and the way to the value. */
export class Checked {
  private constructor(
    private readonly entries: ReadonlyMap<string, unknown>,
    readonly fileName: string,
    readonly path: string,
  ) {}

  /** @throws {INF_ERR_MODEL_CONFIG} when it is no mapping */
  static of(value: unknown, fileName: string, path = ''): Checked {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new Checked(new Map(Object.entries(value)), fileName, path);
    }
    throw fault(fileName, path, `it must be a mapping (name: value), not ${seen(value)}`);
  }

  get keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  has(key: string): boolean {
    return this.entries.get(key) != null;
  }

  raw(key: string): unknown {
    return this.entries.get(key) ?? undefined;
  }

  /** Refuses keys that are not among these, with the nearest one that is. */
  only(known: readonly string[]): this {
    const odd = this.keys.find((key) => !known.includes(key));
    if (odd === undefined) return this;
    throw this.fault(odd, `there is no such key${didYouMean(odd, known) || '.'} Known are: ${known.join(', ')}`);
  }

  text(key: string): string | undefined {
    return this.typed(key, 'a text', (value) => typeof value === 'string');
  }

  boolean(key: string): boolean | undefined {
    return this.typed(key, 'true or false', (value) => typeof value === 'boolean');
  }

  whole(key: string, min: number, max: number): number | undefined {
    const isOne = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
    return this.typed(key, `a whole number from ${min} to ${max}`, isOne);
  }

  number(key: string, min: number, max: number): number | undefined {
    const isOne = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
    return this.typed(key, `a number from ${min} to ${max}`, isOne);
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T | undefined {
    return this.typed(key, `one of ${allowed.join(', ')}`, (value) => allowed.includes(value as T));
  }

  /** A name that YAML may have taken for a number: `3`. One that would print otherwise (`1.10`) needs quotes. */
  name(key: string): string | undefined {
    const value = this.typed<unknown>(key, 'a name (in quotes, unless it is a whole number)', isName);
    return value === undefined ? undefined : String(value);
  }

  names(key: string): readonly string[] | undefined {
    const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isName);
    return this.typed<readonly unknown[]>(
      key,
      'a list of names (in quotes, unless they are whole numbers)',
      isList,
    )?.map(String);
  }

  map(key: string): Checked | undefined {
    return this.has(key) ? Checked.of(this.entries.get(key), this.fileName, this.pathOf(key)) : undefined;
  }

  fault(key: string, text: string): Error {
    return fault(this.fileName, this.pathOf(key), text);
  }

  private typed<T>(key: string, expected: string, isOne: (value: unknown) => boolean): T | undefined {
    const value = this.raw(key);
    if (value === undefined || isOne(value)) return value as T | undefined;
    throw this.fault(key, `it must be ${expected}, not ${seen(value)}`);
  }

  private pathOf(key: string): string {
    const name = /^[\w./-]{1,80}$/.test(key) ? key : quoted(key);
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function fault(fileName: string, path: string, text: string): Error {
  return layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: ${path === '' ? '' : `${path}: `}${text}`);
}

function seen(value: unknown): string {
  return quoted(JSON.stringify(value) ?? 'nothing', 40);
}
