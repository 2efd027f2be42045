import { allValid, type Bitmap, setNull } from '../frame/bitmap.js';
import { schemaError } from './schema.errors.js';
import { Violations } from './violations.js';

/** What one decoding of one request (or of one handler's answer) keeps while it goes through the rows. */
export abstract class DecodePass {
  private found: Violations | undefined = undefined;
  private bytes = 0;
  /** Validity by column index; only columns that have seen a null. */
  validity: (Bitmap | undefined)[] | undefined = undefined;

  constructor(
    readonly rows: number,
    /** Numbers may be infinite: true for records that a handler made, false for JSON text. */
    readonly infinite: boolean,
    /** Strings may be ill-formed or marked, so each must be looked at. */
    readonly checkText: boolean,
    private readonly maxViolations?: number,
    /** What the columns may take together; no bound on what the application's own code made. */
    private readonly maxBytes = Infinity,
  ) {}

  get violations(): Violations {
    return (this.found ??= new Violations(this.maxViolations));
  }

  /** The row as it came, for messages. */
  abstract record(row: number): Record<string, unknown>;
  /** The record in a row that is not plainly one (JSON text may hold it); `undefined` after noting a violation. */
  abstract open(value: unknown, row: number): Record<string, unknown> | undefined;
  /** Called for a record whose keys are not just the schema's. */
  abstract extra(record: Record<string, unknown>, row: number): void;
  /** What to throw for the violations found. */
  protected abstract error(): Error;

  setNull(column: number, row: number): void {
    this.validity ??= [];
    setNull((this.validity[column] ??= allValid(this.rows)), row);
  }

  /**
   * Counts memory that columns are about to take: a few bytes of a request (nulls, defaults) can stand for many.
   * @throws {CORE_ERR_ROWS_LIMIT}
   */
  takeBytes(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.maxBytes) throw bytesError(this.rows, this.bytes, this.maxBytes);
  }

  /** Notes a violation; throws them all once the limit is passed. */
  violate(row: number, column: string, rule: string, value: unknown, message: string): void {
    this.violations.add(row, column, rule, value, message);
    if (this.violations.truncated) throw this.error();
  }

  /** @throws {CORE_ERR_VALIDATION} (or CORE_ERR_OUTPUT_SCHEMA) when anything was violated. */
  finish(): void {
    if (this.found !== undefined && this.found.list.length > 0) throw this.error();
  }
}

function bytesError(rows: number, bytes: number, maxBytes: number): Error {
  return schemaError(
    'CORE_ERR_ROWS_LIMIT',
    `the request's ${rows} rows take ${bytes} bytes once decoded, the limit is ${maxBytes}: split it`,
  );
}
