import { decodeArrowStream } from '../frame/arrow/read-stream.js';
import { encodeArrowStream } from '../frame/arrow/write-stream.js';
import { inferFrameFromJson } from '../frame/json/infer-frame.js';
import { conformFrame } from '../schema/conform.js';
import type { FramePorts } from './codec/frame-ports.js';

/** Core's own rules, records and Arrow. */
export const frameCodecs: FramePorts = {
  conform: (spec, frame, { maxDecodedBytes }) => conformFrame(spec, frame, { maxDecodedBytes }),
  fromRecords: (records, { maxRows, maxDecodedBytes }) =>
    inferFrameFromJson(records, { maxRows, maxBytes: maxDecodedBytes }),
  encodeArrow: encodeArrowStream,
  decodeArrow: (bytes, { maxRows, maxDecodedBytes }) =>
    decodeArrowStream(bytes, { maxRows, maxBytes: maxDecodedBytes }),
};
