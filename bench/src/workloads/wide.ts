import { existsSync } from 'node:fs';
import { dataFile } from '../paths.js';
import { seededUniform } from './random.js';
import { type Initializer, writeOnnx } from './onnx-file.js';
import { W1_COLUMNS } from './w1.js';

/** Width of the one large layer: 4096 x 4096 weights are 67 MB. */
const WIDTH = 4096;
const SEED = 7;

/** A model of 68 MB that takes and gives what W1 does: a worker of its own, and much to load. Made unless it is there. */
export function ensureWideModel(): string {
  const path = dataFile('wide.onnx');
  if (existsSync(path)) return path;
  const random = seededUniform(SEED);
  const tensor = (name: string, shape: readonly number[], reach: number): Initializer => ({
    name,
    shape,
    next: () => random() * reach,
  });
  writeOnnx(path, {
    nodes: [
      { op: 'MatMul', inputs: ['input', 'first'], output: 'a' },
      { op: 'Relu', inputs: ['a'], output: 'b' },
      { op: 'MatMul', inputs: ['b', 'second'], output: 'c' },
      { op: 'Relu', inputs: ['c'], output: 'd' },
      { op: 'MatMul', inputs: ['d', 'third'], output: 'output' },
    ],
    initializers: [
      tensor('first', [W1_COLUMNS, WIDTH], 0.3),
      tensor('second', [WIDTH, WIDTH], Math.sqrt(6 / WIDTH)),
      tensor('third', [WIDTH, 1], 0.02),
    ],
    input: { name: 'input', width: W1_COLUMNS },
    output: { name: 'output', width: 1 },
  });
  return path;
}
