import { describe, expect, it } from 'vitest';
import { fixtureModel } from './fixtures.js';

/** `@witan/inference`'s Runner, tensors and signature by shape: this library stands below that package. */
export interface ContractTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown> & Iterable<unknown>;
  readonly owned?: boolean;
}

export type ContractTensors = Readonly<Record<string, ContractTensor>>;

export interface ContractRunner {
  readonly mode: string;
  readonly concurrency: number;
  readonly state: string;
  readonly signature: {
    readonly inputs: readonly {
      readonly name: string;
      readonly dtype: string;
      readonly dims: readonly (number | null)[];
    }[];
    readonly outputs: readonly { readonly name: string; readonly labels?: readonly string[] }[];
    readonly batch: object;
  };
  run(feeds: ContractTensors, outputs?: readonly string[]): ContractTensors | Promise<ContractTensors>;
  close(drainMs: number): Promise<void>;
}

export interface RunnerContractOptions {
  /** The execution mode, for the suite's title. */
  readonly mode: string;
  /** Opens the model file at `path`; the suite closes it. */
  readonly make: (path: string) => Promise<ContractRunner>;
}

const f32 = (dims: readonly number[], ...values: number[]): ContractTensor => ({
  dtype: 'f32',
  dims,
  data: Float32Array.from(values),
});

/** Three values of every element type, among them those that a wrong conversion would change. */
const IDENTITIES: readonly ContractTensor[] = [
  { dtype: 'bool', dims: [1, 3], data: Uint8Array.of(1, 0, 1) },
  { dtype: 'i8', dims: [1, 3], data: Int8Array.of(-128, 0, 127) },
  { dtype: 'i16', dims: [1, 3], data: Int16Array.of(-32768, 1, 32767) },
  { dtype: 'i32', dims: [1, 3], data: Int32Array.of(-(2 ** 31), 1, 2 ** 31 - 1) },
  { dtype: 'i64', dims: [1, 3], data: BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n) },
  { dtype: 'u8', dims: [1, 3], data: Uint8Array.of(0, 1, 255) },
  { dtype: 'u16', dims: [1, 3], data: Uint16Array.of(0, 1, 65535) },
  { dtype: 'u32', dims: [1, 3], data: Uint32Array.of(0, 1, 2 ** 32 - 1) },
  { dtype: 'u64', dims: [1, 3], data: BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 64n - 1n) },
  { dtype: 'f16', dims: [1, 3], data: Uint16Array.of(0x3c00, 0xc000, 0x7c00) },
  { dtype: 'f32', dims: [1, 3], data: Float32Array.of(-0, 1e-45, Infinity) },
  { dtype: 'f64', dims: [1, 3], data: Float64Array.of(Math.PI, 5e-324, -Infinity) },
  { dtype: 'string', dims: [1, 3], data: ['', 'grün', '\u{1f33c}'] },
];

/** What every Runner does, whatever thread or process it runs in. */
export function runnerContract({ mode, make }: RunnerContractOptions): void {
  const withModel = async (name: string, use: (runner: ContractRunner) => Promise<void>): Promise<void> => {
    const runner = await make(fixtureModel(name));
    try {
      await use(runner);
    } finally {
      await runner.close(10_000);
    }
  };
  const poison = (index: bigint): ContractTensors => ({
    index: { dtype: 'i64', dims: [1], data: BigInt64Array.of(index) },
  });

  describe(`a ${mode} runner`, () => {
    it('says what the model takes and gives', async () => {
      await withModel('iris-classifier', async (runner) => {
        expect(runner.mode).toBe(mode);
        expect(runner.state).toBe('ready');
        expect(runner.concurrency).toBeGreaterThanOrEqual(1);
        expect(runner.signature.inputs).toEqual([{ name: 'X', dtype: 'f32', dims: [null, 4] }]);
        expect(runner.signature.outputs).toEqual([
          { name: 'label', dtype: 'i64', dims: [null] },
          { name: 'probabilities', dtype: 'f32', dims: [null, 3] },
        ]);
        expect(runner.signature.batch).toEqual({ kind: 'dynamic' });
      });
    });

    it.each(IDENTITIES)('carries $dtype both ways unchanged', async (tensor) => {
      const given = tensor.dtype === 'string' ? { ...tensor, dtype: 'utf8' } : tensor;
      await withModel(`identity-${tensor.dtype}`, async (runner) => {
        const { y } = await runner.run({ x: given });
        expect(y!.dtype).toBe(given.dtype);
        expect(y!.dims).toEqual([1, 3]);
        expect(y!.data).toEqual(given.data);
      });
    });

    it('runs a model with several inputs', async () => {
      await withModel('two-inputs', async (runner) => {
        const { sum } = await runner.run({ a: f32([2], 1, 2), b: f32([2, 2], 10, 20, 30, 40) });
        expect([...sum!.data]).toEqual([11, 21, 32, 42]);
      });
    });

    it('computes only the outputs that are asked for', async () => {
      await withModel('scalar-outputs', async (runner) => {
        const answer = await runner.run({ x: f32([2, 2], 1, 2, -3, -4) }, ['name', 'is_positive']);
        expect(Object.keys(answer).toSorted()).toEqual(['is_positive', 'name']);
        expect([...answer['name']!.data]).toEqual(['positive', 'not positive']);
        expect([...answer['is_positive']!.data]).toEqual([1, 0]);
      });
    });

    it('gives the scores of a ZipMap as a tensor, its keys as labels', async () => {
      await withModel('boosting-zipmap', async (runner) => {
        const scores = runner.signature.outputs.find((output) => output.name === 'output_probability');
        expect(scores?.labels).toEqual(['0', '1', '2']);
        const answer = await runner.run({ X: f32([2, 4], 5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6, 2.5) });
        expect(answer['output_probability']!.dims).toEqual([2, 3]);
        const [a, b, c] = answer['output_probability']!.data as Float32Array;
        expect(a! + b! + c!).toBeCloseTo(1, 5);
      });
    });

    it('gives a sequence of equal tensors as one, stacked behind the rows', async () => {
      await withModel('seq-of-tensors', async (runner) => {
        const { parts } = await runner.run({ x: f32([2, 2], 1, 2, 3, 4) });
        expect(parts!.dims).toEqual([2, 2, 2]);
        expect([...parts!.data]).toEqual([1, 2, 2, 4, 3, 4, 6, 8]);
      });
    });

    it('takes part of a larger buffer, and leaves the caller its buffer', async () => {
      await withModel('variable-width', async (runner) => {
        for (const width of [3, 8192]) {
          const whole = new Float32Array(width + 2).fill(7);
          const { y } = await runner.run({ x: { dtype: 'f32', dims: [1, width], data: whole.subarray(1, 1 + width) } });
          expect(y!.data.length).toBe(width);
          expect(y!.data[width - 1]).toBe(14);
          expect(whole.length).toBe(width + 2);
          expect(whole[0]).toBe(7);
        }
      });
    });

    it('takes a buffer whose tail is not part of the tensor', async () => {
      await withModel('variable-width', async (runner) => {
        const { y } = await runner.run({
          x: { dtype: 'f32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4, 99, 99) },
        });
        expect([...y!.data]).toEqual([2, 4, 6, 8]);
      });
    });

    it('fails a bad run alone, with the words of onnxruntime', async () => {
      await withModel('poison', async (runner) => {
        await expect((async () => runner.run(poison(99n)))()).rejects.toMatchObject({
          code: 'INF_ERR_RUN',
          category: 'INTERNAL',
          message: expect.stringMatching(/bounds/i),
        });
        const answer = await runner.run(poison(4n));
        expect([...answer['value']!.data]).toEqual([40]);
        expect(runner.state).toBe('ready');
      });
    });

    it('answers each of many runs at once with its own values', async () => {
      await withModel('variable-width', async (runner) => {
        const answers = await Promise.all(
          Array.from({ length: 40 }, async (_, i) =>
            runner.run({ x: f32([1, 1 + (i % 3)], ...new Array<number>(1 + (i % 3)).fill(i)) }),
          ),
        );
        answers.forEach(({ y }, i) => expect([...y!.data]).toEqual(new Array(1 + (i % 3)).fill(2 * i)));
      });
    });

    it('lets a run under way finish when it is closed, and takes no more', async () => {
      const runner = await make(fixtureModel('slow'));
      const answer = (async () => runner.run({ x: f32([1, 1], 5) }))();
      await runner.close(30_000);
      expect([...(await answer)['y']!.data]).toEqual([5]);
      expect(runner.state).toBe('closed');
      await expect((async () => runner.run({ x: f32([1, 1], 5) }))()).rejects.toMatchObject({
        code: 'INF_ERR_MODEL_CLOSED',
      });
      await runner.close(1);
    });

    it('refuses a file that is no model, and says so', async () => {
      await expect(make(new URL('../fixtures/README.md', import.meta.url).pathname)).rejects.toMatchObject({
        code: 'INF_ERR_MODEL_LOAD',
        message: expect.stringContaining('README.md'),
      });
    });
  });
}
