import { Frame } from '../frame/frame.js';
import { compiledSchemaOf, type CompiledSchema } from './compiled-schema.js';
import { DEFAULT_MAX_DEPTH, depthError, isDeeper, isHugeAndDeeper, isHugeAndLonger } from './json-depth.js';
import { bodyText, hasLongRun, isWellFormed, parseJson } from './json-text.js';
import { RequestPass, unknownText } from './request-pass.js';
import { schemaError } from './schema.errors.js';
import type { SchemaSpec } from './spec.js';
import { VectorRecordsReader } from './vector-records.js';

/** The JSON form of a request, so that the answer can mirror it. */
export type JsonForm = 'array' | 'records' | 'columns';

/** Bounds of one decoding. */
export interface DecodeLimits {
  /** @default 1_000_000 */
  readonly maxRows?: number;
  /** Levels of nesting. @default 32 */
  readonly maxDepth?: number;
  /** How many violations are listed. @default 100 */
  readonly maxViolations?: number;
  /** What the columns may take together once decoded. @default 268_435_456 (256 MiB) */
  readonly maxDecodedBytes?: number;
}

/** What a JSON body held. */
export interface DecodedJson {
  readonly frame: Frame;
  readonly form: JsonForm;
}

export const DEFAULT_MAX_ROWS = 1_000_000;
export const DEFAULT_MAX_DECODED_BYTES = 256 * 1024 * 1024;
const NO_LIMITS: DecodeLimits = {};

type JsonObject = Record<string, unknown>;

const decoders = new WeakMap<SchemaSpec, JsonDecoder>();

/** The decoder of a schema; generated once per schema. */
export function jsonDecoderOf(spec: SchemaSpec): JsonDecoder {
  let decoder = decoders.get(spec);
  if (!decoder) decoders.set(spec, (decoder = new JsonDecoder(spec)));
  return decoder;
}

/** JSON to Frame: parses, then validates and fills typed columns in one pass of code generated for the schema. */
export class JsonDecoder {
  private readonly compiled: CompiledSchema;
  private readonly vectors: VectorRecordsReader | undefined;

  constructor(readonly spec: SchemaSpec) {
    this.compiled = compiledSchemaOf(spec);
    this.vectors = VectorRecordsReader.of(this.compiled);
  }

  /**
   * @throws {CORE_ERR_JSON_MALFORMED} for a body that is empty, not UTF-8 or not JSON
   * @throws {CORE_ERR_JSON_FORM} for JSON of another form
   * @throws {CORE_ERR_JSON_DEPTH} when it is nested too deep
   * @throws {CORE_ERR_ROWS_LIMIT} for more than `maxRows` rows, or `maxDecodedBytes` bytes
   * @throws {CORE_ERR_VALIDATION} when it breaks the schema, with every violation in its details
   */
  decode(body: Uint8Array | string, limits: DecodeLimits = NO_LIMITS): DecodedJson {
    const { maxDepth = DEFAULT_MAX_DEPTH, maxRows = DEFAULT_MAX_ROWS } = limits;
    if (this.vectors !== undefined && Buffer.isBuffer(body)) {
      const read = this.vectors.read(body, maxRows, limits.maxDecodedBytes ?? DEFAULT_MAX_DECODED_BYTES);
      if (read !== undefined) return read;
    }
    const text = bodyText(body);
    if (isHugeAndDeeper(text, maxDepth)) throw depthError(maxDepth);
    if (isHugeAndLonger(text, maxRows)) throw rowsError(`more than ${maxRows}`, maxRows);
    const quoted = this.compiled.exact && hasLongRun(text);
    const value = parseJson(text, quoted);
    // Only an escape can put half a surrogate pair into a string of a UTF-8 body; marks of big integers are halves too.
    const checkText =
      this.compiled.hasText && (quoted || text.includes('\\u') || (typeof body === 'string' && !isWellFormed(text)));
    if (Array.isArray(value)) return { frame: this.records(value, checkText, limits), form: 'array' };
    const form = this.formOf(value, maxDepth);
    const content = (value as JsonObject)[form];
    const frame =
      form === 'records'
        ? this.records(content as unknown[], checkText, limits)
        : this.columns(content as JsonObject, checkText, limits);
    return { frame, form };
  }

  private records(rows: readonly unknown[], checkText: boolean, limits: DecodeLimits): Frame {
    const pass = this.pass(rows, rows.length, checkText, limits);
    return this.compiled.fromRecords(pass, rows);
  }

  private columns(columns: JsonObject, checkText: boolean, limits: DecodeLimits): Frame {
    const { spec } = this;
    const first = spec.columns.find(({ name }) => Object.hasOwn(columns, name) && Array.isArray(columns[name]));
    const rows = first ? (columns[first.name] as unknown[]).length : 0;
    const pass = this.pass(columns, rows, checkText, limits);
    for (const key of Object.keys(columns)) {
      if (this.compiled.names.has(key)) continue;
      if (isDeeper(columns[key], (limits.maxDepth ?? DEFAULT_MAX_DEPTH) - 2))
        throw depthError(limits.maxDepth ?? DEFAULT_MAX_DEPTH);
      if (spec.unknown === 'refuse')
        pass.violate(-1, key.slice(0, 64), 'unknown', columns[key], unknownText(key, spec));
    }
    return this.compiled.fromColumns(pass, columns);
  }

  private pass(
    content: readonly unknown[] | JsonObject,
    rows: number,
    checkText: boolean,
    limits: DecodeLimits,
  ): RequestPass {
    const { maxRows = DEFAULT_MAX_ROWS, maxDepth = DEFAULT_MAX_DEPTH, maxViolations } = limits;
    const { maxDecodedBytes = DEFAULT_MAX_DECODED_BYTES } = limits;
    if (rows > maxRows) throw rowsError(rows, maxRows);
    return new RequestPass(this.compiled, content, rows, checkText, maxDepth, maxViolations, maxDecodedBytes);
  }

  private formOf(value: unknown, maxDepth: number): 'records' | 'columns' {
    if (!isObject(value)) throw formError(`got ${value === null ? 'null' : `a ${typeof value}`}`);
    const hasRecords = Object.hasOwn(value, 'records');
    const hasColumns = Object.hasOwn(value, 'columns');
    if (hasRecords && hasColumns) throw formError('it has both records and columns: send one of them');
    if (!hasRecords && !hasColumns) throw formError(this.hint(value));
    const form = hasRecords ? 'records' : 'columns';
    this.checkEnvelope(value, form, maxDepth);
    if (hasRecords && !Array.isArray(value.records)) throw formError('records must be an array');
    if (hasColumns && !isObject(value.columns)) throw formError('columns must be an object of arrays');
    return form;
  }

  private hint(value: JsonObject): string {
    const keys = Object.keys(value);
    if (this.spec.columns.some(({ name }) => Object.hasOwn(value, name)))
      return 'it looks like a single record: put it into an array, [{...}]';
    const shown = keys.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 32)));
    return keys.length === 0 ? 'it is an empty object' : `it is an object with the keys ${shown.join(', ')}`;
  }

  /** `id` is allowed beside the rows; anything else is ignored or refused as an unknown column is. */
  private checkEnvelope(value: JsonObject, form: string, maxDepth: number): void {
    for (const key of Object.keys(value)) {
      if (key === form || key === 'id') continue;
      if (this.spec.unknown === 'refuse')
        throw formError(`it has an unknown key ${JSON.stringify(key.slice(0, 32))} beside ${form}`);
      if (isDeeper(value[key], maxDepth - 1)) throw depthError(maxDepth);
    }
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function formError(seen: string): Error {
  return schemaError(
    'CORE_ERR_JSON_FORM',
    `the body must be an array of records, {"records": [...]} or {"columns": {...}}; ${seen}`,
  );
}

/** @internal also for the other codecs */
export function rowsError(rows: number | string, maxRows: number): Error {
  return schemaError(
    'CORE_ERR_ROWS_LIMIT',
    `the request has ${rows} rows, at most ${maxRows} are taken at once: split it, or raise maxRows`,
    {
      details: { ...(typeof rows === 'number' && { rows }), maxRows },
    },
  );
}
