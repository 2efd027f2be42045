import { CATEGORY_STATUS, type ErrorCategory } from './category.js';

/** One row of a package's error table. */
export interface ErrorDefinition {
  readonly category: ErrorCategory;
  /** Overrides the category's HTTP status where HTTP has a more exact one (422, 415, 413, 405). */
  readonly http?: number;
  /** One sentence for docs/errors.md: when this happens and what to do. */
  readonly summary: string;
}

/** A package's error table: code to definition. Codes are never renamed and never reused. */
export type ErrorTable = Readonly<Record<string, ErrorDefinition>>;

export interface WitanErrorOptions {
  /** Machine-readable facts for the caller; goes on the wire. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** For RESOURCE_EXHAUSTED and UNAVAILABLE: when a retry may succeed. Milliseconds. */
  readonly retryAfterMs?: number;
}

const BRAND = Symbol.for('witan.error');

/**
 * Every error that Witan itself raises. `code` is stable and listed in docs/errors.md; `message` says what was seen,
 * the limit, and what to do. The stack and the cause stay in the process: neither goes on the wire.
 */
export class WitanError extends Error {
  override readonly name: string = 'WitanError';
  readonly [BRAND] = true;
  readonly code: string;
  readonly category: ErrorCategory;
  readonly httpStatus: number;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, definition: ErrorDefinition, message: string, options: WitanErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.category = definition.category;
    this.httpStatus = definition.http ?? CATEGORY_STATUS[definition.category].http;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }

  get grpcStatus(): number {
    return CATEGORY_STATUS[this.category].grpc;
  }

  /** {@link httpStatus}, by the names of http-errors, by which Nest's `BaseExceptionFilter` and Fastify know a status. */
  get statusCode(): number {
    return this.httpStatus;
  }

  /** As {@link statusCode}. */
  get status(): number {
    return this.httpStatus;
  }

  /** Whether the message may be shown to the caller, as http-errors has it. */
  get expose(): boolean {
    return this.category !== 'INTERNAL';
  }

  /** Structural, so that errors of a second installed copy of Witan match too. */
  static is(value: unknown): value is WitanError {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: boolean })[BRAND] === true;
  }
}
