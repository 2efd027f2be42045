import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchOptions,
  collectChannel,
  type LastFigures,
  lastFiguresChannel,
  systemClock,
  WitanError,
} from '@witan/core';
import { Column, Frame } from '@witan/core/frame';
import { fixture, type FixtureName, fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeBytes, writeText, writeVarint } from '../onnx/wire.js';
import { RunnerFactory } from '../runner/runner-factory.js';
import type { Execution } from '../runner/runner-options.js';
import type { ModelRunOptions } from './model.js';
import { ServedModel, type ServedModelParts } from './served-model.js';

const factory = new RunnerFactory({ trusted: true, sharedWorkers: 1 });
afterAll(() => factory.close());

type Options = Partial<Omit<ServedModelParts, 'runner'>> & {
  readonly execution?: Execution;
  readonly batch?: BatchOptions | false;
};

async function serve(
  name: string,
  { execution = 'inline', clock = new ManualClock(), ...parts }: Options = {},
): Promise<ServedModel> {
  const runner = await factory.open({ name, path: fixtureModel(name), execution, maxRows: 1 });
  return new ServedModel({
    name,
    version: '1',
    runner,
    batch: {},
    cast: 'lossless',
    nulls: 'refuse',
    nan: 'allow',
    clock,
    ...parts,
  });
}

/** A frame as a handler's gate gives it: it passes a model's gate at once. */
const formed = (columns: Parameters<typeof Frame.fromColumns>[0]): Frame => Frame.fromColumns(columns).markedAs('gate');

function fixtureFrame(name: FixtureName): Frame {
  const columns = [...fixture(name).columns].map(([column, values]) => {
    const isText = typeof values[0] === 'string';
    return [column, isText ? (values as string[]) : Float32Array.from(values as number[])];
  });
  return formed(Object.fromEntries(columns) as never);
}

describe.each(['inline', 'worker'] as const)('every row of every data set, %s', (execution) => {
  it.each(['iris', 'iris-classifier', 'digits', 'mixed-strings', 'boosting-zipmap', 'w1'] as const)(
    '%s',
    async (name) => {
      const { count, expected } = fixture(name);
      const model = await serve(name, { execution, batch: { maxRows: 4_096 } });
      const answer = await model.run(fixtureFrame(name));
      expect(answer.rows).toBe(count);
      let worst = 0;
      for (const [output, rows] of Object.entries(expected)) {
        const column = answer.column(output);
        rows.forEach((want, row) => {
          if (typeof want === 'string') return expect(column.get(row)).toBe(want);
          const wanted = typeof want === 'number' ? [want] : Object.values(want);
          const given = column.shape.length > 0 ? [...(column.get(row) as Float32Array)] : [Number(column.get(row))];
          wanted.forEach((value, i) => (worst = Math.max(worst, Math.abs((value as number) - given[i]!))));
        });
      }
      expect(worst).toBeLessThan(1e-5);
    },
  );
});

describe('columns and inputs', () => {
  const refused = async (model: ServedModel, columns: Parameters<typeof Frame.fromColumns>[0]): Promise<string> => {
    const error = await model.run(formed(columns)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INF_ERR_MAPPING' });
    return (error as Error).message;
  };
  const vector = (...rows: number[][]): Column =>
    new Column({ dtype: 'f32', length: rows.length, shape: [rows[0]!.length], data: Float32Array.from(rows.flat()) });

  it('match by name, whatever their order, and ignore what no input asks for', async () => {
    const model = await serve('two-inputs');
    const answer = await model.run(formed({ id: ['x', 'y'], b: vector([10, 20], [30, 40]), a: Float32Array.of(1, 2) }));
    expect([...(answer.column('sum').data as Float32Array)]).toEqual([11, 21, 32, 42]);
  });

  it('pack scalar columns in declaration order into a single input', async () => {
    const model = await serve('scalar-outputs');
    const answer = await model.run(formed({ second: Float32Array.of(1), first: Int8Array.of(-3) }));
    expect(answer.records()).toEqual([{ sum: -2, is_positive: false, name: 'not positive' }]);
  });

  it('take one vector column for one input, whatever its name', async () => {
    const model = await serve('scalar-outputs');
    const answer = await model.run(formed({ anything: vector([1, 2], [-1, -2]) }));
    expect([...(answer.column('sum').data as Float32Array)]).toEqual([3, -3]);
  });

  it('take a scalar column for [N] and [N, 1] alike', async () => {
    expect((await (await serve('nan')).run(formed({ x: Float32Array.of(1) }))).records()).toEqual([{ y: 0 }]);
    expect((await (await serve('poison')).run(formed({ index: BigInt64Array.of(3n) }))).records()).toEqual([
      { value: 30 },
    ]);
  });

  it('take dictionary strings', async () => {
    const color = new Column({
      dtype: 'utf8',
      length: 3,
      data: { codes: Int32Array.of(0, 1, 0), values: ['red', 'blue'] },
    });
    const plain = formed({ color: ['red', 'blue', 'red'], size: ['S', 'M', 'S'], weight: Float32Array.of(1, 2, 3) });
    const model = await serve('mixed-strings');
    const answer = await model.run(plain.with('color', color));
    expect(Frame.equals(answer, await model.run(plain))).toBe(true);
  });

  it('take a width that the model leaves open', async () => {
    const model = await serve('variable-width');
    const answer = await model.run(formed({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) }));
    expect(answer.column('y').shape).toEqual([3]);
    expect(answer.column('y').get(0)).toEqual(Float32Array.of(2, 4, 6));
  });

  it('are refused with both sides printed when the count differs', async () => {
    const text = await refused(await serve('iris'), { a: Float32Array.of(1), b: Float32Array.of(1) });
    expect(text).toContain('2 columns for the 3 places of the input X');
    expect(text).toContain('X f32[?, 3]');
    expect(text).toContain('a f32, b f32');
  });

  it('are refused when a value could be lost, unless that was asked for', async () => {
    const columns = { x: Float64Array.of(2.5) };
    expect(await refused(await serve('nan'), columns)).toContain("`cast: 'lossy'`");
    const lossy = await serve('variable-width', { cast: 'lossy' });
    expect((await lossy.run(formed(columns))).column('y').get(0)).toBe(5);
  });

  it('are refused for dtypes that no model takes', async () => {
    const when = new Column({ dtype: 'timestamp(ms)', length: 1, data: BigInt64Array.of(0n) });
    expect(await refused(await serve('nan'), { x: when })).toContain('timestamp(ms), which no model takes');
  });

  it('are refused when an input has none', async () => {
    expect(await refused(await serve('two-inputs'), { a: Float32Array.of(1) })).toContain('no column for the input b');
    expect(await refused(await serve('mixed-strings'), { weight: Float32Array.of(1) })).toContain(
      'no column for the inputs color, size',
    );
  });

  it('are checked against a schema at boot', async () => {
    const model = await serve('iris');
    const input = {
      name: 'Flower',
      unknown: 'ignore',
      columns: [{ name: 'a', dtype: { name: 'utf8', kind: 'utf8' }, shape: [], nullable: false, rules: [] }],
    };
    expect(() => model.bindSchemas({ handler: 'IrisService.predict', input: input as never })).toThrow(
      expect.objectContaining({ code: 'INF_ERR_MAPPING', message: expect.stringContaining('IrisService.predict') }),
    );
  });

  it('with nulls are refused by row, or become NaN when asked for', async () => {
    const x = new Column({ dtype: 'f32', length: 3, data: Float32Array.of(1, 5, 2), validity: Uint8Array.of(0b101) });
    await expect((await serve('variable-width')).run(formed({ x }))).rejects.toMatchObject({
      code: 'INF_ERR_INPUT',
      category: 'INVALID_ARGUMENT',
      details: { column: 'x', row: 1 },
    });
    const lenient = await serve('variable-width', { nulls: 'nan' });
    expect([...((await lenient.run(formed({ x }))).column('y').data as Float32Array)]).toEqual([2, NaN, 4]);
    expect([...(x.data as Float32Array)]).toEqual([1, 5, 2]);
  });
});

describe('outputs', () => {
  const schema = (...columns: [string, number[]][]) =>
    ({
      name: 'Out',
      unknown: 'ignore',
      columns: columns.map(([name, shape]) => ({ name, shape, nullable: false, rules: [] })),
    }) as never;

  it('can be chosen', async () => {
    const model = await serve('scalar-outputs');
    const x = { a: Float32Array.of(1), b: Float32Array.of(2) };
    expect((await model.run(formed(x), { outputs: ['name'] })).records()).toEqual([{ name: 'positive' }]);
    await expect(model.run(formed(x), { outputs: ['nope'] })).rejects.toMatchObject({
      code: 'INF_ERR_OUTPUT_UNKNOWN',
      category: 'INVALID_ARGUMENT',
    });
    await expect(model.run(formed(x), { outputs: [] })).rejects.toMatchObject({ code: 'INF_ERR_OUTPUT_UNKNOWN' });
  });

  it('of another choice never share a run', async () => {
    const clock = new ManualClock();
    const model = await serve('scalar-outputs', { clock });
    const frame = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2) });
    const runs = [model.run(frame, { outputs: ['name'] }), model.run(frame, { outputs: ['sum'] }), model.run(frame)];
    clock.endTurn();
    expect((await Promise.all(runs)).map((answer) => answer.names)).toEqual([
      ['name'],
      ['sum'],
      ['sum', 'is_positive', 'name'],
    ]);
  });

  it('take the names of the handler schema: any for one, alike but for case and punctuation for several', async () => {
    const iris = (await serve('iris')).bindSchemas({ handler: 'h', output: schema(['sepalLength', []]) });
    const row = { a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) };
    expect((await iris.run(formed(row))).names).toEqual(['sepalLength']);
    const several = (await serve('scalar-outputs')).bindSchemas({
      handler: 'h',
      output: schema(['isPositive', []], ['sum', [1]]),
    });
    const answer = await several.run(formed({ a: Float32Array.of(1), b: Float32Array.of(2) }));
    expect(answer.names).toEqual(['sum', 'isPositive', 'name']);
    expect(answer.column('sum').shape).toEqual([1]);
  });

  it('of another row count fail with both counts', async () => {
    const model = await serve('wrong-rows');
    await expect(model.run(formed({ a: Float32Array.of(1, 2), b: Float32Array.of(1, 2) }))).rejects.toMatchObject({
      code: 'INF_ERR_OUTPUT_ROWS',
      category: 'INTERNAL',
      message: expect.stringMatching(/given 2 rows and answered 1 rows/),
    });
  });

  it('may be NaN, unless that is an error', async () => {
    const x = { x: Float32Array.of(1, -1) };
    expect([...((await (await serve('nan')).run(formed(x))).column('y').data as Float32Array)]).toEqual([0, NaN]);
    await expect((await serve('nan', { nan: 'error' })).run(formed(x))).rejects.toMatchObject({
      code: 'INF_ERR_OUTPUT_NAN',
      details: { row: 1 },
    });
  });

  it('of no rows have their columns', async () => {
    const model = await serve('scalar-outputs');
    const answer = await model.run(formed({ a: new Float32Array(0), b: new Float32Array(0) }));
    expect(answer.rows).toBe(0);
    expect(answer.names).toEqual(['sum', 'is_positive', 'name']);
  });
});

describe('a model whose batch size is fixed', () => {
  let folder: string;
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'witan-models-'))));
  afterAll(() => rm(folder, { recursive: true }));

  /** `y = x`, f32 or string of these sizes. */
  async function identity(name: string, elemType: number, ...sizes: number[]): Promise<ServedModel> {
    const path = join(folder, `${name}.onnx`);
    const shape = writeBytes(2, ...sizes.map((size) => writeBytes(1, writeVarint(1, size))));
    const value = (of: string) => [writeText(1, of), writeBytes(2, writeBytes(1, writeVarint(1, elemType), shape))];
    const node = writeBytes(1, writeText(1, 'x'), writeText(2, 'y'), writeText(4, 'Identity'));
    const graph = writeBytes(
      7,
      node,
      writeText(2, 'identity'),
      writeBytes(11, ...value('x')),
      writeBytes(12, ...value('y')),
    );
    await writeFile(path, Buffer.concat([writeVarint(1, 8), graph, writeBytes(8, writeVarint(2, 13))]));
    const runner = await factory.open({ name, path, execution: 'inline' });
    return new ServedModel({
      name,
      version: '1',
      runner,
      batch: {},
      cast: 'lossless',
      nulls: 'refuse',
      nan: 'allow',
      clock: systemClock,
    });
  }

  it.each([1, 3, 4, 9])('answers %d rows in batches of exactly its size', async (rows) => {
    const model = await identity('four', 1, 4, 2);
    expect(model.signature.batch).toEqual({ kind: 'fixed', rows: 4 });
    const values = Float32Array.from({ length: rows }, (_, i) => i + 1);
    const frame = Frame.fromColumns({ a: values, b: values.map((value) => -value) });
    const answer = await model.run(frame);
    expect(answer.rows).toBe(rows);
    expect([...(answer.column('y').data as Float32Array)]).toEqual([...values].flatMap((value) => [value, -value]));
  });

  it('pads text with empty cells', async () => {
    const model = await identity('texts', 8, 3);
    const answer = await model.run(Frame.fromColumns({ x: ['a', 'b'] }));
    expect(answer.records()).toEqual([{ y: 'a' }, { y: 'b' }]);
  });

  it('takes tensors only when its inputs have no rows', async () => {
    const model = await identity('scalar', 1);
    const x = { dtype: 'f32', dims: [], data: Float32Array.of(5) } as const;
    expect((await model.runTensors({ x }))['y']).toMatchObject({ dims: [], data: Float32Array.of(5) });
    await expect(model.run(Frame.fromColumns({ x: Float32Array.of(5) }))).rejects.toMatchObject({
      code: 'INF_ERR_MAPPING',
      message: expect.stringContaining('runTensors'),
    });
  });
});

describe('tensors', () => {
  it('are taken as they are', async () => {
    const model = await serve('two-inputs', { clock: new ManualClock() });
    const clock = new ManualClock();
    const own = await serve('two-inputs', { clock });
    const run = own.run({
      a: { dtype: 'f32', dims: [1], data: Float32Array.of(1) },
      b: { dtype: 'f32', dims: [1, 2], data: Float32Array.of(10, 20) },
    });
    clock.endTurn();
    expect([...((await run).column('sum').data as Float32Array)]).toEqual([11, 21]);
    const raw = await model.runTensors({
      a: { dtype: 'f32', dims: [1], data: Float32Array.of(1) },
      b: { dtype: 'f32', dims: [1, 2], data: Float32Array.of(10, 20) },
    });
    expect(raw['sum']).toMatchObject({ dtype: 'f32', dims: [1, 2] });
  });

  it('with a text that onnxruntime would cut at a zero byte are refused, as columns are, and no other caller is', async () => {
    const model = await serve('identity-string', { clock: systemClock });
    const rows = (...texts: string[]) =>
      new Frame(new Map([['x', new Column({ dtype: 'utf8', shape: [3], length: texts.length / 3, data: texts })]]));
    const refusal = { code: 'INF_ERR_INPUT', message: expect.stringContaining('zero byte in row 1') as string };
    const whole = model.run(rows('a', 'b', ''));
    await expect(model.run(rows('a', 'b', 'c', 'd', 'e\0f', 'g'))).rejects.toMatchObject(refusal);
    expect((await whole).column('y').strings()).toEqual(['a', 'b', '']);
    const x = { dtype: 'utf8', dims: [2, 3], data: ['a', 'b', 'c', '\0', 'e', 'f'] } as const;
    await expect(model.runTensors({ x })).rejects.toMatchObject(refusal);
  });

  it('wait for a runner as rows do: so many of them, and no longer than their callers', async () => {
    const clock = new ManualClock({ turns: 'event-loop' });
    const model = await serve('slow', { clock, execution: 'worker', batch: { maxQueueRows: 2 } });
    const run = (options?: ModelRunOptions) =>
      model.runTensors({ x: { dtype: 'f32', dims: [1, 1], data: Float32Array.of(1) } }, options);
    const leaver = new AbortController();
    const first = run();
    const late = run({ deadline: clock.now() + 1 });
    const gone = run({ signal: leaver.signal });
    await expect(run()).rejects.toMatchObject({
      code: 'CORE_ERR_BATCH_QUEUE_FULL',
      retryAfterMs: expect.any(Number) as number,
    });
    leaver.abort();
    clock.advance(2);
    await expect(gone).rejects.toMatchObject({ code: 'CORE_ERR_CANCELLED' });
    await expect(late).rejects.toMatchObject({ code: 'CORE_ERR_DEADLINE' });
    expect((await first)['y']).toMatchObject({ dims: [1, 1] });
    expect(model.statistics).toMatchObject({ executionCount: 1, success: { count: 1 }, fail: { count: 3 } });
    expect(model.isBusy).toBe(false);
  });

  it.each([
    ['a missing input', {}],
    [
      'an unknown input',
      {
        x: { dtype: 'f32', dims: [1, 1], data: Float32Array.of(1) },
        z: { dtype: 'f32', dims: [1], data: Float32Array.of(1) },
      },
    ],
    ['a name of Object itself', { constructor: { dtype: 'f32', dims: [1], data: Float32Array.of(1) } }],
    ['a wrong dtype', { x: { dtype: 'f64', dims: [1, 1], data: Float64Array.of(1) } }],
    ['data of another type', { x: { dtype: 'f32', dims: [1, 1], data: Float64Array.of(1) } }],
    ['a wrong rank', { x: { dtype: 'f32', dims: [1], data: Float32Array.of(1) } }],
    ['a wrong size', { x: { dtype: 'f32', dims: [1, 2], data: Float32Array.of(1, 2) } }],
    ['too little data', { x: { dtype: 'f32', dims: [2, 1], data: Float32Array.of(1) } }],
  ])('are refused for %s', async (_, tensors) => {
    const model = await serve('nan');
    await expect(model.run(tensors as never)).rejects.toMatchObject({
      code: 'INF_ERR_INPUT',
      category: 'INVALID_ARGUMENT',
    });
  });
});

describe('batching', () => {
  const row = (index: bigint): Frame => Frame.fromColumns({ index: BigInt64Array.of(index) });

  it.each(['inline', 'worker'] as const)('one poisoned row fails alone, %s', async (execution) => {
    const clock = new ManualClock({ turns: 'event-loop' });
    const model = await serve('poison', { execution, clock });
    const runs = Array.from({ length: 16 }, (_, i) => model.run(row(i === 7 ? 99n : BigInt(i % 10))));
    const results = await Promise.allSettled(runs);
    results.forEach((result, i) => {
      if (i === 7) expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'INF_ERR_RUN' });
      else expect((result as PromiseFulfilledResult<Frame>).value.records()).toEqual([{ value: 10 * (i % 10) }]);
    });
  });

  it('joins the rows of one turn into one run', async () => {
    const clock = new ManualClock();
    const model = await serve('poison', { clock });
    const runs = Array.from({ length: 10 }, (_, i) => model.run(row(BigInt(i))));
    clock.endTurn();
    await Promise.all(runs);
    expect(model.gate.stats()).toMatchObject({ batches: 1 });
  });

  it('never joins calls when it is switched off', async () => {
    const clock = new ManualClock();
    const model = await serve('poison', { clock, batch: false });
    const runs = Array.from({ length: 3 }, (_, i) => model.run(row(BigInt(i))));
    clock.endTurn();
    await Promise.all(runs);
    expect(model.gate.stats()).toMatchObject({ batches: 3 });
  });

  it('does not run for a caller who has gone', async () => {
    const clock = new ManualClock();
    const model = await serve('poison', { clock });
    const gone = new AbortController();
    const run = model.run(row(1n), { signal: gone.signal });
    gone.abort();
    clock.endTurn();
    await expect(run).rejects.toMatchObject({ category: 'CANCELLED' });
    expect(model.gate.stats()).toMatchObject({ batches: 0 });
  });

  it('refuses after closing', async () => {
    const model = await serve('poison');
    await model.close(10);
    for (const frame of [row(1n), row(1n).markedAs('gate')]) {
      const error = await model.run(frame).catch((thrown: unknown) => thrown);
      expect(WitanError.is(error) && error.category).toBe('UNAVAILABLE');
    }
  });
});

describe('statistics', () => {
  const frame = (...values: number[]) => Frame.fromColumns({ x: Float32Array.from(values) });

  it('count requests, rows, runs and batch sizes, with the time of each phase', async () => {
    const model = await serve('nan', { clock: systemClock, execution: 'worker' });
    await Promise.all([model.run(frame(1, 2)), model.run(frame(3))]);
    await model.run(frame(4));
    const seen = model.statistics;
    expect(seen).toMatchObject({ inferenceCount: 4, success: { count: 3 }, queue: { count: 3 }, fail: { count: 0 } });
    expect(seen.executionCount).toBe(seen.batches.reduce((sum, { computeInfer }) => sum + computeInfer.count, 0));
    expect(seen.batches.reduce((sum, each) => sum + each.batchSize * each.computeInfer.count, 0)).toBe(4);
    const { computeInput, computeInfer, computeOutput } = seen;
    expect(computeInput.count).toBe(seen.executionCount);
    expect(seen.success.ns).toBeGreaterThanOrEqual(computeInfer.ns / 2);
    expect(computeInput.ns + computeOutput.ns).toBeGreaterThan(0);
    expect(seen.lastInferenceMs).toBeGreaterThan(1.7e12);
  });

  it('count what failed, each request once, also where a batch is run again in halves', async () => {
    const model = await serve('poison', { clock: systemClock, batch: { maxRows: 8, maxDelayMs: 5 } });
    const index = (...values: bigint[]) => Frame.fromColumns({ index: BigInt64Array.from(values) });
    const answers = await Promise.allSettled([1n, 99n, 2n, 3n].map((value) => model.run(index(value))));
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(model.statistics).toMatchObject({ inferenceCount: 3, success: { count: 3 }, fail: { count: 1 } });
  });

  it('count batches of another gate, split requests and runs of tensors', async () => {
    const model = await serve('nan', { clock: systemClock, batch: { maxRows: 2 } });
    await model.run(formed({ x: Float32Array.of(1, 2) }));
    await model.run(frame(1, 2, 3, 4, 5));
    await model.runTensors({ x: { dtype: 'f32', dims: [1, 1], data: Float32Array.of(1) } });
    expect(model.statistics).toMatchObject({
      inferenceCount: 8,
      executionCount: 5,
      success: { count: 3 },
      fail: { count: 0 },
    });
  });

  it('count what the gate refused', async () => {
    const model = await serve('slow', {
      clock: systemClock,
      execution: 'worker',
      batch: { maxRows: 1, maxQueueRows: 1 },
    });
    const all = await Promise.allSettled([1, 2, 3, 4, 5].map((value) => model.run(frame(value))));
    const refused = all.filter(({ status }) => status === 'rejected').length;
    expect(refused).toBeGreaterThan(0);
    expect(model.statistics.fail.count).toBe(refused);
  });
});

describe('metrics of versions', () => {
  const features = new Frame(
    new Map([['X', new Column({ dtype: 'f32', length: 1, shape: [3], data: Float32Array.of(1, 2, 3) })]]),
  );
  const tensors = { X: { dtype: 'f32' as const, dims: [1, 3], data: new Float32Array(3) } };

  function asked(from: (event: object) => void): Map<string, number> {
    const seen = new Map<string, number>();
    from({
      report(name: string, value: number, labels: Readonly<Record<string, string>>) {
        const key = [name, ...Object.values(labels)].join(' ');
        seen.set(key, (seen.get(key) ?? 0) + value);
      },
    });
    return seen;
  }

  it('have the gates of all that are served, of tensors too, and what one counted when it is let go', async () => {
    const first = await serve('iris', { version: '1', clock: systemClock });
    const second = await serve('iris', { version: '2', clock: systemClock });
    const gone = AbortSignal.abort();
    for (const model of [first, second]) {
      await expect(model.run(features, { signal: gone })).rejects.toMatchObject({ code: 'CORE_ERR_CANCELLED' });
      await expect(model.runTensors(tensors, { signal: gone })).rejects.toMatchObject({ code: 'CORE_ERR_CANCELLED' });
    }
    await second.run(features);
    const dropped = "witan.batch.dropped model 'iris' cancelled";
    expect(asked((event) => collectChannel.publish(event)).get(dropped)).toBe(4);

    const last: LastFigures[] = [];
    const subscriber = (message: unknown): void => void last.push(message as LastFigures);
    lastFiguresChannel.subscribe(subscriber);
    await second.close(1000);
    await second.close(1000);
    lastFiguresChannel.unsubscribe(subscriber);
    expect(last).toHaveLength(1);
    const final = asked((event) => last[0]!.report(event as never));
    expect([final.get(dropped), final.get('witan.model.rows iris 2')]).toEqual([2, 1]);
    expect(final.has('witan.model.loaded iris 2 inline')).toBe(false);
    expect(asked((event) => collectChannel.publish(event)).get(dropped)).toBe(2);
    await first.close(1000);
  });
});
