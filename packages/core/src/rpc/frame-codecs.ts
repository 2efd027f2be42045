import { decodeArrowStream } from '../frame/arrow/read-stream.js';
import { encodeArrowStream } from '../frame/arrow/write-stream.js';
import { Frame } from '../frame/frame.js';
import { conformFrame } from '../schema/conform.js';
import type { FramePorts } from './codec/frame-ports.js';

/** Core's own rules, records and Arrow. */
export const frameCodecs: FramePorts = {
  conform: (spec, frame) => conformFrame(spec, frame),
  fromRecords: (records) => Frame.fromRecords(records),
  encodeArrow: encodeArrowStream,
  decodeArrow: (bytes) => decodeArrowStream(bytes),
};
