import { decodeArrowStream } from '../frame/arrow/read-stream.js';
import { ArrowStreamWriter, encodeArrowStream } from '../frame/arrow/write-stream.js';
import { Frame } from '../frame/frame.js';
import { encodeJsonColumns, encodeJsonRecords } from '../frame/json/encode.js';
import { inferFrameFromJson } from '../frame/json/infer-frame.js';
import { conformFrame, conformRecords } from '../schema/conform.js';
import { DEFAULT_MAX_DEPTH, depthError, isHugeAndDeeper, isHugeAndLonger } from '../schema/json-depth.js';
import { jsonDecoderOf, rowsError } from '../schema/json-decoder.js';
import { bodyText, parseJson } from '../schema/json-text.js';
import type { SchemaSpec } from '../schema/spec.js';
import type { ServiceDefinition } from '../service/runtime.js';
import { linesOf } from './json-lines.js';
import type { ArrowWriter, DecodedJson, ServiceCodec } from './codec.js';

export interface CodecLimits {
  readonly maxRows: number;
  readonly maxDecodedBytes: number;
}

/** The codec of one service: its schema's decoders where it has one, and the encoders that all Frames share. */
export function serviceCodec({ input, output }: ServiceDefinition, limits: CodecLimits): ServiceCodec {
  return {
    ...(input ? typedDecoders(input, limits) : untypedDecoders(limits)),
    records: encodeJsonRecords,
    columns: encodeJsonColumns,
    lines: (frame) => linesOf(encodeJsonRecords(frame)),
    arrow: encodeArrowStream,
    arrowWriter: () => arrowWriter(output),
  };
}

type Decoders = Pick<ServiceCodec, 'readJson' | 'readArrow'>;

function typedDecoders(input: SchemaSpec, limits: CodecLimits): Decoders {
  const arrowLimits = { maxRows: limits.maxRows, maxBytes: limits.maxDecodedBytes };
  const decoder = jsonDecoderOf(input);
  return {
    readJson(body) {
      const { frame, form } = decoder.decode(body, limits);
      return { frame, layout: form === 'columns' ? 'columns' : 'records' };
    },
    readArrow: (body) => conformFrame(input, decodeArrowStream(body, arrowLimits), limits),
  };
}

function untypedDecoders(limits: CodecLimits): Decoders {
  const untyped = { maxRows: limits.maxRows, maxBytes: limits.maxDecodedBytes };
  return {
    readJson(body): DecodedJson {
      const text = bodyText(body);
      refuseDepth(text);
      if (isHugeAndLonger(text, limits.maxRows)) throw rowsError(`more than ${limits.maxRows}`, limits.maxRows);
      const parsed = parseJson(text, false);
      return {
        frame: inferFrameFromJson(parsed, { ...untyped, checkText: refuseDepth }),
        layout: isRecords(parsed) ? 'records' : 'columns',
      };
    },
    readArrow: (body) => decodeArrowStream(body, untyped),
  };
}

function refuseDepth(text: string): void {
  if (isHugeAndDeeper(text, DEFAULT_MAX_DEPTH)) throw depthError(DEFAULT_MAX_DEPTH);
}

/** An array, or `{"records": [...]}` whose items are records: a column may have that name too. */
function isRecords(parsed: unknown): boolean {
  if (Array.isArray(parsed)) return true;
  const { records } = parsed as { records?: unknown };
  return Array.isArray(records) && (records.length === 0 || /^(object|string)$/.test(typeof records[0]));
}

function arrowWriter(output: SchemaSpec | undefined): ArrowWriter {
  const writer = new ArrowStreamWriter();
  let empty = true;
  return {
    write(frame) {
      empty = false;
      return writer.write(frame);
    },
    end() {
      if (!empty) return writer.finish();
      // Readers want a schema even where there is nothing.
      const nothing = output ? conformRecords(output, [], { role: 'output' }) : new Frame([], 0);
      return Buffer.concat([writer.write(nothing), writer.finish()]);
    },
  };
}
