import type { Frame } from '../../frame/frame.js';
import { schemaError } from '../../schema/schema.errors.js';
import type { SchemaSpec } from '../../schema/spec.js';

/** What the codec takes from the rest of core: rules, records and Arrow. */
export interface FramePorts {
  /** Checks a Frame's columns against a schema and runs its rules. */
  conform(spec: SchemaSpec, frame: Frame, limits: CodecLimits): Frame;
  /** The Frame of untyped records; dtypes are inferred. */
  fromRecords(records: object[], limits: CodecLimits): Frame;
  encodeArrow(frame: Frame): Uint8Array;
  decodeArrow(bytes: Uint8Array, limits: CodecLimits): Frame;
}

/** Bounds of one request. */
export interface CodecLimits {
  /** @default 1_000_000 */
  readonly maxRows: number;
  /**
   * Bytes that the columns of one request may take once decoded: a few bytes on the wire can stand for many rows.
   * @default 268_435_456 (256 MiB)
   */
  readonly maxDecodedBytes: number;
}

export const DEFAULT_CODEC_LIMITS: CodecLimits = { maxRows: 1_000_000, maxDecodedBytes: 256 * 1024 * 1024 };

/** @throws {CORE_ERR_ROWS_LIMIT} when decoded columns would take more than they may */
export function refuseBytes(rows: number, bytes: number, { maxDecodedBytes }: CodecLimits): void {
  if (bytes <= maxDecodedBytes) return;
  throw schemaError(
    'CORE_ERR_ROWS_LIMIT',
    `the request's ${rows} rows take ${bytes} bytes once decoded, the limit is ${maxDecodedBytes} (grpc.maxDecodedBytes): split it`,
  );
}
