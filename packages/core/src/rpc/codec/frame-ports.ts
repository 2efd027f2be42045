import type { Frame } from '../../frame/frame.js';
import type { SchemaSpec } from '../../schema/spec.js';

/** What the codec takes from the rest of core: rules, records and Arrow. */
export interface FramePorts {
  /** Checks a Frame's columns against a schema and runs its rules. */
  conform(spec: SchemaSpec, frame: Frame): Frame;
  /** The Frame of untyped records; dtypes are inferred. */
  fromRecords(records: object[]): Frame;
  encodeArrow(frame: Frame): Uint8Array;
  decodeArrow(bytes: Uint8Array): Frame;
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
