import { writeFileSync } from 'node:fs';
import { Column, encodeArrowStream, Frame } from '@witan/core/frame';
import type { HttpRequest } from '../load/wrk.js';
import { dataFile } from '../paths.js';

const ARROW_TYPE = 'application/vnd.apache.arrow.stream';

/** One tensor `input` in the forms that the servers are sent. */
export interface TensorRequests {
  /** What a URL is to be called with, in each form. */
  readonly json: Omit<HttpRequest, 'url'>;
  readonly binary: Omit<HttpRequest, 'url'>;
  readonly arrow: Omit<HttpRequest, 'url'>;
}

/** `rows` times `width` float32, written to JSON as a client prints doubles that were float32. */
export function tensorRequests(name: string, rows: number, width: number): TensorRequests {
  const values = Float32Array.from({ length: rows * width }, (_, index) => Math.sin(index + 1));
  const file = (ending: string, body: string | Uint8Array): string => {
    const path = dataFile(`${name}.${ending}`);
    writeFileSync(path, body);
    return path;
  };
  const input = { name: 'input', shape: [rows, width], datatype: 'FP32' };
  const bytes = new Uint8Array(values.buffer);
  const sized = { ...input, parameters: { binary_data_size: bytes.length } };
  const header = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs: [sized] }));
  const column = new Column({ dtype: 'f32', shape: [width], length: rows, data: values });
  return {
    json: { bodyFile: file('oip.json', JSON.stringify({ inputs: [{ ...input, data: [...values] }] })) },
    binary: {
      bodyFile: file('oip.bin', Buffer.concat([header, bytes])),
      headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(header.length) },
    },
    arrow: {
      bodyFile: file('arrow', encodeArrowStream(new Frame(new Map([['input', column]])))),
      headers: { 'Content-Type': ARROW_TYPE, Accept: ARROW_TYPE },
    },
  };
}
