import { existsSync } from 'node:fs';
import { DATA_FOLDER, dataFile } from '../paths.js';
import { type Initializer, type Node, writeOnnx } from './onnx-file.js';
import { packedFloats } from './proto-bytes.js';
import { seededUniform } from './random.js';
import { type Workload, workload } from './request.js';

/** Widths of the layers: 134 million weights. */
const WIDTHS = [1000, 8192, 8192, 4096, 2048, 4096, 1024, 2048, 1024, 512, 5] as const;
const SEED = 20;

export const W2_MODEL_NAME = 'w2.onnx';
export const W2_MODEL = `${DATA_FOLDER}${W2_MODEL_NAME}`;
export const W2_COLUMNS = WIDTHS[0];
export const W2_OUTPUTS = WIDTHS[WIDTHS.length - 1]!;

/** Makes the model (538 MB) unless it is there. */
export function ensureW2Model(): string {
  if (existsSync(W2_MODEL)) return W2_MODEL;
  const path = dataFile(W2_MODEL_NAME);
  console.error(`bench: writing ${path} (538 MB)`);
  const layers = WIDTHS.slice(1).map((_, index) => layer(index));
  writeOnnx(path, {
    nodes: layers.flatMap(({ nodes }) => nodes),
    initializers: layers.flatMap(({ initializers }) => initializers),
    input: { name: 'input', width: W2_COLUMNS },
    output: { name: 'output', width: W2_OUTPUTS },
  });
  return path;
}

interface Layer {
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
}

/** Gemm, and after each hidden layer Relu and batch normalisation. */
function layer(index: number): Layer {
  const [fanIn, fanOut] = [WIDTHS[index]!, WIDTHS[index + 1]!];
  const random = seededUniform(SEED + index);
  const last = index === WIDTHS.length - 2;
  const input = index === 0 ? 'input' : `normal_${index - 1}`;
  const gemm: Node = {
    op: 'Gemm',
    inputs: [input, `weight_${index}`, `bias_${index}`],
    output: last ? 'output' : `linear_${index}`,
  };
  // Uniform weights of variance 2 / fanIn keep the activations' size from layer to layer (He et al. 2015).
  const reach = Math.sqrt(6 / fanIn);
  const weights = [
    tensor(`weight_${index}`, [fanIn, fanOut], () => random() * reach),
    tensor(`bias_${index}`, [fanOut], () => random() / 10),
  ];
  if (last) return { nodes: [gemm], initializers: weights };
  const { nodes, initializers } = normalised(index, fanOut, random);
  return { nodes: [gemm, ...nodes], initializers: [...weights, ...initializers] };
}

function normalised(index: number, width: number, random: () => number): Layer {
  const names = ['scale', 'shift', 'mean', 'variance'].map((name) => `${name}_${index}`);
  const values = [() => 1 + random() / 4, () => random() / 10, () => 0.4 + random() / 10, () => 0.6 + random() / 10];
  return {
    nodes: [
      { op: 'Relu', inputs: [`linear_${index}`], output: `relu_${index}` },
      {
        op: 'BatchNormalization',
        inputs: [`relu_${index}`, ...names],
        output: `normal_${index}`,
        floats: { epsilon: 1e-5 },
      },
    ],
    initializers: names.map((name, position) => tensor(name, [width], values[position]!)),
  };
}

const tensor = (name: string, shape: readonly number[], next: () => number): Initializer => ({ name, shape, next });

/** A row of float32 values. */
export function w2Row(seed = SEED): Float32Array {
  const random = seededUniform(seed);
  return Float32Array.from({ length: W2_COLUMNS }, random);
}

/** One vector of 1000 values, written out as most clients do: the shortest decimal of the value as a double. */
export function w2(): Workload {
  const row = w2Row();
  return workload('w2', { input: [...row] }, [packedFloats(1, row)]);
}
