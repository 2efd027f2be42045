import type { CompiledSchema } from './compiled-schema.js';
import { DecodePass } from './decode-pass.js';
import { depthError, isDeeper, isHugeAndDeeper } from './json-depth.js';
import { hasLongRun, quoteBigIntegers } from './json-text.js';
import type { SchemaSpec } from './spec.js';
import { validationError } from './violations.js';

const NO_RECORD: Record<string, unknown> = Object.freeze({});

/** The decoding of one JSON request. `content` is its records, or its object of columns. */
export class RequestPass extends DecodePass {
  constructor(
    private readonly schema: CompiledSchema,
    private readonly content: readonly unknown[] | Record<string, unknown>,
    rows: number,
    checkText: boolean,
    private readonly maxDepth: number,
    maxViolations: number | undefined,
    maxBytes: number,
  ) {
    super(rows, false, checkText, maxViolations, maxBytes);
    this.takeBytes(rows * schema.bytesPerRow);
  }

  override record(row: number): Record<string, unknown> {
    if (!Array.isArray(this.content)) return columnsAt(this.content as Record<string, unknown>, row);
    const value = (this.content as readonly unknown[])[row];
    return (
      (typeof value === 'string'
        ? parseRecord(value, this.schema.exact, this.maxDepth)
        : (value as Record<string, unknown>)) ?? NO_RECORD
    );
  }

  override open(value: unknown, row: number): Record<string, unknown> | undefined {
    const record = typeof value === 'string' ? parseRecord(value, this.schema.exact, this.maxDepth) : undefined;
    if (!record)
      this.violate(
        row,
        '',
        'dtype',
        value,
        typeof value === 'string' ? 'the text is no JSON record' : 'a record must be an object',
      );
    return record;
  }

  override extra(record: Record<string, unknown>, row: number): void {
    for (const key of Object.keys(record)) {
      if (this.schema.names.has(key)) continue;
      // Two levels are used: the array (or envelope) and the record.
      if (isDeeper(record[key], this.maxDepth - 2)) throw depthError(this.maxDepth);
      if (this.schema.spec.unknown === 'refuse')
        this.violate(row, key.slice(0, 64), 'unknown', record[key], unknownText(key, this.schema.spec));
    }
  }

  protected override error(): Error {
    return isDeeper(this.content, this.maxDepth) ? depthError(this.maxDepth) : validationError(this.violations);
  }
}

function parseRecord(text: string, exact: boolean, maxDepth: number): Record<string, unknown> | undefined {
  // Within the array (or envelope) that holds the text.
  if (isHugeAndDeeper(text, maxDepth - 1)) throw depthError(maxDepth);
  try {
    const value: unknown = JSON.parse(exact && hasLongRun(text) ? quoteBigIntegers(text) : text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function columnsAt(columns: Record<string, unknown>, row: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, cells]) => [
      name,
      Array.isArray(cells) ? (cells as unknown[])[row] : undefined,
    ]),
  );
}

export function unknownText(key: string, spec: SchemaSpec): string {
  return `the schema ${spec.name} has no column ${JSON.stringify(key.slice(0, 64))}`;
}
