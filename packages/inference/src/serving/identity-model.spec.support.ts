/** One Identity node: its float tensor in and out. `null`: a size that the model leaves open. */
export interface IdentityNode {
  readonly input: string;
  readonly output: string;
  readonly dims: readonly (number | null)[];
}

/** An ONNX model of Identity nodes, for signatures that no fixture has: onnx.proto's messages, field by field. */
export function identityModel(...nodes: readonly IdentityNode[]): Buffer {
  const graph = Buffer.concat([
    ...nodes.map(({ input, output }) =>
      field(1, Buffer.concat([text(1, input), text(2, output), text(4, 'Identity')])),
    ),
    text(2, 'identities'),
    ...nodes.map(({ input, dims }) => field(11, valueInfo(input, dims))),
    ...nodes.map(({ output, dims }) => field(12, valueInfo(output, dims))),
  ]);
  return Buffer.concat([number(1, 8), field(7, graph), field(8, number(2, 13))]);
}

const FLOAT = 1;

function valueInfo(name: string, dims: readonly (number | null)[]): Buffer {
  const shape = dims.map((size, i) => field(1, size === null ? text(2, `d${i}`) : number(1, size)));
  const tensor = Buffer.concat([number(1, FLOAT), field(2, Buffer.concat(shape))]);
  return Buffer.concat([text(1, name), field(2, field(1, tensor))]);
}

function text(tag: number, value: string): Buffer {
  return field(tag, Buffer.from(value));
}

function field(tag: number, content: Buffer): Buffer {
  return Buffer.concat([varint((tag << 3) | 2), varint(content.length), content]);
}

function number(tag: number, value: number): Buffer {
  return Buffer.concat([varint(tag << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}
