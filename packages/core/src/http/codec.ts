import type { Frame } from '../frame/frame.js';
import type { JsonLayout } from './http-context.js';

/** A Frame of a JSON body, and how the body laid it out. */
export interface DecodedJson {
  readonly frame: Frame;
  readonly layout: JsonLayout;
}

/** Bytes to validated Frames and back, for one service. */
export interface ServiceCodec {
  readJson(body: Uint8Array): DecodedJson;
  readArrow(body: Uint8Array): Frame;
  /** `[{"a":1},{"a":2}]` */
  records(frame: Frame): string;
  /** `{"a":[1,2]}` */
  columns(frame: Frame): string;
  /** `{"a":1}\n{"a":2}\n` */
  lines(frame: Frame): string;
  /** A whole Arrow IPC stream. */
  arrow(frame: Frame): Uint8Array;
  /** An Arrow IPC stream written Frame by Frame. */
  arrowWriter(): ArrowWriter;
}

export interface ArrowWriter {
  /** The bytes of one more Frame; the first brings the schema with it. */
  write(frame: Frame): Uint8Array;
  /** The end-of-stream marker; of a stream without any Frame, the whole of it. */
  end(): Uint8Array;
}
