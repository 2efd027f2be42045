import { type Field, findBytes, findTexts, readFields, textOf, writeBytes, writeText, writeVarint } from './wire.js';

/** A model whose outputs were made tensors. */
export interface TensorOutputs {
  readonly bytes: Uint8Array;
  /** For outputs that were maps: the keys, in the order of the tensor's columns. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Field numbers of onnx.proto. */
const MODEL = { opsetImport: 8, graph: 7 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, i: 3, ints: 8, strings: 9, type: 20 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1, sequence: 4 } as const;
const TENSOR = { elemType: 1, shape: 2 } as const;
const SEQUENCE = { elemType: 1 } as const;
const SHAPE = { dim: 1 } as const;
const DIM = { value: 1 } as const;
const FLOAT = 1;
const ATTRIBUTE_TYPE_INT = 2;
/** The first default opset with every operator that is added here (ConcatFromSequence; Identity is older). */
const MIN_OPSET = 11;

/**
 * onnxruntime's Node binding gives tensors only. This makes tensors of the two kinds of outputs that converters of
 * scikit-learn and its like write otherwise: a ZipMap (a list of maps from class to score) becomes the score matrix
 * `[N, classes]` that it was made from, and a sequence of equal tensors becomes one tensor stacked along axis 1.
 * Names stay as they were. `undefined` when none of `names` can be helped.
 */
export function makeOutputsTensors(model: Uint8Array, names: readonly string[]): TensorOutputs | undefined {
  const fields = readFields(model);
  const graph = findBytes(fields, MODEL.graph);
  if (!graph) return undefined;
  const state = new GraphRewrite(readFields(graph), defaultOpset(fields));
  for (const name of names) if (!state.unzip(name)) state.stack(name);
  if (!state.changed) return undefined;
  const newGraph = writeBytes(MODEL.graph, ...state.parts());
  const parts = fields.map((field) => (field.number === MODEL.graph ? newGraph : field.whole));
  if (defaultOpset(fields) === 0) parts.push(writeBytes(MODEL.opsetImport, writeVarint(OPSET.version, MIN_OPSET)));
  return { bytes: Buffer.concat(parts), labels: state.labels };
}

function defaultOpset(model: readonly Field[]): number {
  for (const field of model) {
    if (field.number !== MODEL.opsetImport) continue;
    const opset = readFields(field.bytes);
    const domain = findBytes(opset, OPSET.domain);
    if (!domain || domain.length === 0) return opset.find((entry) => entry.number === OPSET.version)?.varint ?? 0;
  }
  return 0;
}

class GraphRewrite {
  readonly labels: Record<string, readonly string[]> = {};
  changed = false;

  constructor(
    private fields: readonly Field[],
    private readonly opset: number,
  ) {}

  parts(): Uint8Array[] {
    return this.fields.map((field) => field.whole);
  }

  /** Replaces the ZipMap that makes `name` by an Identity over the matrix it reads. */
  unzip(name: string): boolean {
    const zipMap = this.fields.find((field) => field.number === GRAPH.node && isZipMapOf(field, name));
    if (!zipMap) return false;
    const node = readFields(zipMap.bytes);
    const labels = labelsOf(node);
    const identity = writeNode('Identity', findTexts(node, NODE.input)[0]!, name);
    this.replace(zipMap, identity);
    this.retype(name, tensorType(FLOAT, [writeBytes(SHAPE.dim), dimOf(labels.length)]));
    this.labels[name] = labels;
    return true;
  }

  /** Adds a ConcatFromSequence behind the node that makes the sequence `name`. */
  stack(name: string): void {
    const item = this.opset >= MIN_OPSET ? this.sequenceItemOf(name) : undefined;
    const shape = item && findBytes(item, TENSOR.shape);
    if (!item || !shape) return;
    const inner = `${name}/sequence`;
    for (const field of this.fields) if (field.number === GRAPH.node) this.replace(field, renamed(field, name, inner));
    const axis = [intAttribute('axis', 1), intAttribute('new_axis', 1)];
    this.fields = [...this.fields, ...readFields(writeNode('ConcatFromSequence', inner, name, axis))];
    const [rows, ...rest] = readFields(shape).map((dim) => dim.whole);
    const elemType = item.find((field) => field.number === TENSOR.elemType)?.varint ?? FLOAT;
    this.retype(name, tensorType(elemType, [rows ?? writeBytes(SHAPE.dim), writeBytes(SHAPE.dim), ...rest]));
  }

  private sequenceItemOf(name: string): readonly Field[] | undefined {
    const output = this.outputOf(name);
    const type = output && findBytes(readFields(output.bytes), VALUE.type);
    const sequence = type && findBytes(readFields(type), TYPE.sequence);
    const item = sequence && findBytes(readFields(sequence), SEQUENCE.elemType);
    const tensor = item && findBytes(readFields(item), TYPE.tensor);
    return tensor && readFields(tensor);
  }

  private outputOf(name: string): Field | undefined {
    return this.fields.find(
      (field) =>
        field.number === GRAPH.output &&
        textOf(findBytes(readFields(field.bytes), VALUE.name) ?? new Uint8Array()) === name,
    );
  }

  private retype(name: string, type: Uint8Array): void {
    const output = this.outputOf(name);
    if (output)
      this.replace(output, writeBytes(GRAPH.output, writeText(VALUE.name, name), writeBytes(VALUE.type, type)));
  }

  private replace(field: Field, whole: Uint8Array): void {
    if (whole === field.whole) return;
    const [fresh] = readFields(whole);
    this.fields = this.fields.map((other) => (other === field ? fresh! : other));
    this.changed = true;
  }
}

function isZipMapOf(field: Field, output: string): boolean {
  const node = readFields(field.bytes);
  return findTexts(node, NODE.opType)[0] === 'ZipMap' && findTexts(node, NODE.output)[0] === output;
}

function labelsOf(zipMap: readonly Field[]): string[] {
  for (const field of zipMap) {
    if (field.number !== NODE.attribute) continue;
    const attribute = readFields(field.bytes);
    const name = findTexts(attribute, ATTRIBUTE.name)[0];
    if (name === 'classlabels_strings') return findTexts(attribute, ATTRIBUTE.strings);
    if (name === 'classlabels_int64s') return intsOf(attribute).map(String);
  }
  return [];
}

/** An int64 list, packed or not. */
function intsOf(attribute: readonly Field[]): bigint[] {
  return attribute
    .filter((field) => field.number === ATTRIBUTE.ints)
    .flatMap((field) => varintsOf(field.varint >= 0 ? field.whole.subarray(1) : field.bytes));
}

function varintsOf(bytes: Uint8Array): bigint[] {
  const values: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    values.push(BigInt.asIntN(64, value));
    value = 0n;
    shift = 0n;
  }
  return values;
}

function renamed(node: Field, from: string, to: string): Uint8Array {
  const fields = readFields(node.bytes);
  const uses = (field: Field) =>
    (field.number === NODE.input || field.number === NODE.output) && textOf(field.bytes) === from;
  if (!fields.some(uses)) return node.whole;
  return writeBytes(GRAPH.node, ...fields.map((field) => (uses(field) ? writeText(field.number, to) : field.whole)));
}

function writeNode(opType: string, input: string, output: string, attributes: readonly Uint8Array[] = []): Uint8Array {
  return writeBytes(
    GRAPH.node,
    writeText(NODE.input, input),
    writeText(NODE.output, output),
    writeText(NODE.name, `witan/${output}`),
    writeText(NODE.opType, opType),
    ...attributes,
  );
}

function intAttribute(name: string, value: number): Uint8Array {
  return writeBytes(
    NODE.attribute,
    writeText(ATTRIBUTE.name, name),
    writeVarint(ATTRIBUTE.i, value),
    writeVarint(ATTRIBUTE.type, ATTRIBUTE_TYPE_INT),
  );
}

function tensorType(elemType: number, dims: readonly Uint8Array[]): Uint8Array {
  return writeBytes(TYPE.tensor, writeVarint(TENSOR.elemType, elemType), writeBytes(TENSOR.shape, ...dims));
}

function dimOf(size: number): Uint8Array {
  return size > 0 ? writeBytes(SHAPE.dim, writeVarint(DIM.value, size)) : writeBytes(SHAPE.dim);
}
