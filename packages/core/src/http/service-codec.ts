import { Frame } from '../frame/frame.js';
import type { ServiceDefinition } from '../service/runtime.js';
import type { ServiceCodec } from './codec.js';
import { httpError } from './http.errors.js';

export interface DecodeLimits {
  readonly maxRows: number;
}

/** The codec of one service: its schema's decoder, and the encoders that every Frame shares. */
export function serviceCodec(definition: ServiceDefinition, _limits: DecodeLimits): ServiceCodec {
  return {
    readJson(body) {
      const value = parse(body);
      if (Array.isArray(value)) return { frame: Frame.fromRecords(value, definition.input), layout: 'records' };
      const { records, columns } = value as { records?: object[]; columns?: Record<string, unknown[]> };
      if (columns) {
        const frame = Frame.fromColumns(columns as never);
        return {
          frame: definition.input ? Frame.fromRecords(frame.records(), definition.input) : frame,
          layout: 'columns',
        };
      }
      return { frame: Frame.fromRecords(records ?? [], definition.input), layout: 'records' };
    },
    records: (frame) => JSON.stringify(frame.records()),
    columns: (frame) =>
      JSON.stringify(
        Object.fromEntries(
          frame.names.map((name) => [name, frame.records().map((r) => (r as Record<string, unknown>)[name])]),
        ),
      ),
    lines: (frame) =>
      frame
        .records()
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
    readArrow: () => notYet(),
    arrow: () => notYet(),
    arrowWriter: () => notYet(),
  };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    throw httpError('CORE_ERR_HTTP_BODY', 'the body is not JSON');
  }
}

function notYet(): never {
  throw httpError('CORE_ERR_HTTP_CONTENT_TYPE', 'Arrow is not read here');
}
