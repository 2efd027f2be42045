import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { block, float, head, integer, varint } from './proto-bytes.js';

const IR_VERSION = 8;
const OPSET = 13;
const FLOAT = 1;
const ATTRIBUTE_FLOAT = 1;

/** A weight: its values are made piece by piece while the file is written, so that it is never in memory as a whole. */
export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  next(): number;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly floats?: Readonly<Record<string, number>>;
}

/** A graph of float32 with one input [N, width] and one output [N, width]. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly input: { readonly name: string; readonly width: number };
  readonly output: { readonly name: string; readonly width: number };
}

/** Writes an ONNX model; the file appears under its name only when it is whole. */
export function writeOnnx(path: string, graph: Graph): void {
  const heads = graph.initializers.map(initializerHead);
  const sizes = graph.initializers.map((one, index) => heads[index]!.length + bytesOf(one));
  const start = Buffer.concat([...graph.nodes.map(nodeBytes), block(2, 'bench')]);
  const end = Buffer.concat([valueInfo(11, graph.input), valueInfo(12, graph.output)]);
  const body = sizes.reduce((sum, size) => sum + head(5, size).length + size, start.length + end.length);
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    const opset = block(8, integer(2, OPSET));
    writeSync(file, Buffer.concat([integer(1, IR_VERSION), block(2, 'witan-bench'), opset, head(7, body), start]));
    graph.initializers.forEach((one, index) => {
      writeSync(file, Buffer.concat([head(5, sizes[index]!), heads[index]!]));
      writeValues(file, one);
    });
    writeSync(file, end);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

const count = ({ shape }: Initializer): number => shape.reduce((product, size) => product * size, 1);
const bytesOf = (one: Initializer): number => count(one) * 4;

/** A TensorProto up to the bytes of its values, which come last. */
function initializerHead(one: Initializer): Buffer {
  const dims = Buffer.concat(one.shape.map(varint));
  return Buffer.concat([block(1, dims), integer(2, FLOAT), block(8, one.name), head(9, bytesOf(one))]);
}

function nodeBytes({ op, inputs, output, floats = {} }: Node): Buffer {
  const attributes = Object.entries(floats).map(([name, value]) =>
    block(5, block(1, name), float(2, value), integer(20, ATTRIBUTE_FLOAT)),
  );
  return block(
    1,
    ...inputs.map((name) => block(1, name)),
    block(2, output),
    block(3, output),
    block(4, op),
    ...attributes,
  );
}

function valueInfo(field: number, { name, width }: { name: string; width: number }): Buffer {
  const shape = block(2, block(1, block(2, 'batch_size')), block(1, integer(1, width)));
  return block(field, block(1, name), block(2, block(1, integer(1, FLOAT), shape)));
}

const CHUNK = 1 << 20;

function writeValues(file: number, one: Initializer): void {
  const chunk = new Float32Array(Math.min(CHUNK, count(one)));
  for (let left = count(one); left > 0; left -= chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, left));
    for (let i = 0; i < part.length; i++) part[i] = one.next();
    writeSync(file, new Uint8Array(part.buffer, 0, part.byteLength));
  }
}
