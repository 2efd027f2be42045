import type { RawRequest, RequestPhases } from '@witan/core';
import type { Frame } from '@witan/core/frame';

/** What a failed request was answered with. */
export interface LoggedError {
  /** Stable, e.g. `CORE_ERR_DEADLINE`. */
  readonly code: string;
  readonly message: string;
}

/** One request, or one Frame of a streamed answer, as `@Log` asked for it: selected, sampled and redacted. */
export interface LogRecord {
  /** A UUID of version 7: unique, ascending in time; the same however often the record is delivered. */
  readonly id: string;
  readonly requestId: string;
  /** W3C trace id, 32 hex digits. */
  readonly traceId?: string;
  /** When the request came: milliseconds since the epoch. */
  readonly epochMs: number;
  /** Where it was taken: `handler`, `service` or `model`. */
  readonly kind: 'handler' | 'service' | 'model';
  /** `IrisService.predict`, `IrisService`, or the model's name. */
  readonly point: string;
  /** The service's path; of other protocols their own name for it; `''`: not known. */
  readonly service: string;
  /** The model that answered; of several the last. */
  readonly model?: string;
  readonly version?: string;
  readonly alias?: string;
  readonly experiment?: string;
  readonly variant?: string;
  /** Absent where it was not asked for. */
  readonly input?: Frame;
  /** Absent where it was not asked for, and of a failed request. */
  readonly output?: Frame;
  readonly error?: LoggedError;
  readonly durationMs: number;
  readonly phases?: RequestPhases;
  /** The request as it came, where `raw: true` asked for it. Redaction does not apply to it. */
  readonly raw?: RawRequest;
}
