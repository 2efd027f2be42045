import { allValid, type Bitmap, setNull } from '../frame/bitmap.js';
import type { WitanError } from '../errors/witan-error.js';
import { Violations } from './violations.js';

/** What one decoding of one request (or of one handler's answer) keeps while it goes through the rows. */
export class DecodePass {
  readonly violations: Violations;
  /** Validity by column index; only columns that have seen a null. */
  validity: (Bitmap | undefined)[] | undefined;

  constructor(
    readonly rows: number,
    /** Numbers may be infinite: true for records that a handler made, false for JSON text. */
    readonly infinite: boolean,
    /** Strings may be ill-formed or marked, so each must be looked at. */
    readonly checkText: boolean,
    /** The row as it came, for messages. */
    private readonly recordOf: (row: number) => Record<string, unknown>,
    private readonly errorOf: (violations: Violations) => WitanError,
    maxViolations?: number,
  ) {
    this.violations = new Violations(maxViolations);
  }

  setNull(column: number, row: number): void {
    this.validity ??= [];
    setNull((this.validity[column] ??= allValid(this.rows)), row);
  }

  record(row: number): Record<string, unknown> {
    return this.recordOf(row);
  }

  /** Notes a violation; throws them all once the limit is passed. */
  violate(row: number, column: string, rule: string, value: unknown, message: string): void {
    this.violations.add(row, column, rule, value, message);
    if (this.violations.truncated) throw this.errorOf(this.violations);
  }

  /** @throws {CORE_ERR_VALIDATION} (or CORE_ERR_OUTPUT_SCHEMA) when anything was violated. */
  finish(): void {
    if (this.violations.list.length > 0) throw this.errorOf(this.violations);
  }
}
