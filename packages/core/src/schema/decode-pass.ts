import { allValid, type Bitmap, setNull } from '../frame/bitmap.js';
import { Violations } from './violations.js';

/** What one decoding of one request (or of one handler's answer) keeps while it goes through the rows. */
export abstract class DecodePass {
  private found: Violations | undefined = undefined;
  /** Validity by column index; only columns that have seen a null. */
  validity: (Bitmap | undefined)[] | undefined = undefined;

  constructor(
    readonly rows: number,
    /** Numbers may be infinite: true for records that a handler made, false for JSON text. */
    readonly infinite: boolean,
    /** Strings may be ill-formed or marked, so each must be looked at. */
    readonly checkText: boolean,
    private readonly maxViolations?: number,
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
