import { describe, expect, it } from 'vitest';
import { Column, Frame } from '@witan/core/frame';
import { compareOutputs } from './compare-outputs.js';
import { bytesOfFrame, type NamedOutput, outputsOfFrame } from './named-output.js';
import { ShadowQueue } from './shadow-queue.js';

const output = (name: string, values: readonly unknown[], rows = values.length): NamedOutput => ({
  name,
  values,
  rows,
});
const WITHIN = { absolute: 1e-6, relative: 1e-5 };

describe('comparing answers', () => {
  it.each<[string, readonly unknown[], readonly unknown[], number, number]>([
    ['equal numbers', [1, 2], [1, 2], 2, 0],
    ['within the relative tolerance', [1000], [1000.01], 1, 0.01],
    ['beyond it', [1000], [1000.1], 0, 0.1],
    ['within the absolute one', [0], [1e-7], 1, 1e-7],
    ['NaN and infinities', [NaN, Infinity, -Infinity], [NaN, Infinity, -Infinity], 3, 0],
    ['NaN against a number', [NaN, 1], [1, NaN], 0, 0],
    ['infinity against a number', [Infinity], [1], 0, Infinity],
    ['whole numbers of 64 bits', [5n, 6n], [5n, 8n], 1, 2],
    ['texts', ['a', 'b'], ['a', 'c'], 1, 0],
    ['another type', ['1'], [1], 0, 0],
    ['no rows', [], [], 0, 0],
  ])('%s', (_, given, shadow, matched, maxDifference) => {
    const result = compareOutputs([output('y', given)], [output('y', shadow)], WITHIN);
    expect(result).toMatchObject({ rows: given.length, matched, isOtherShape: false });
    if (maxDifference === Infinity) expect(result.maxDifference).toBe(Infinity);
    else expect(result.maxDifference).toBeCloseTo(maxDifference, 9);
  });

  it('a row matches when all of its values in all outputs do', () => {
    const given = [output('label', [1, 2, 3]), output('p', [0.1, 0.9, 0.5, 0.5, 0.2, 0.8], 3)];
    const shadow = [output('p', [0.1, 0.9, 0.5, 0.6, 0.2, 0.8], 3), output('label', [1, 2, 4])];
    expect(compareOutputs(given, shadow, WITHIN)).toMatchObject({ rows: 3, matched: 1 });
  });

  it('outputs of other names or sizes match nowhere', () => {
    expect(compareOutputs([output('y', [1])], [output('z', [1])], WITHIN)).toMatchObject({ isOtherShape: true });
    expect(compareOutputs([output('y', [1])], [output('y', [1, 2])], WITHIN)).toMatchObject({ matched: 0 });
    expect(compareOutputs([output('y', [1])], [], WITHIN)).toMatchObject({ isOtherShape: true, rows: 1 });
  });

  it('takes the columns of a frame as they are stored, lists left out', () => {
    const values = new Column({ dtype: 'f32', data: new Float32Array([1, 2]), length: 2 });
    const frame = new Frame([
      ['s', new Column({ dtype: 'utf8', data: { codes: new Int32Array([1, 0]), values: ['a', 'b'] }, length: 2 })],
      ['h', new Column({ dtype: 'f16', data: new Uint16Array([0x3c00, 0xc000]), length: 2 })],
      ['l', new Column({ dtype: 'list<f32>', data: { offsets: new Int32Array([0, 1, 2]), values }, length: 2 })],
    ]);
    expect(outputsOfFrame(frame).map(({ name, values: seen }) => [name, Array.from(seen)])).toEqual([
      ['s', ['b', 'a']],
      ['h', [1, -2]],
    ]);
    expect(bytesOfFrame(frame)).toBeGreaterThan(4);
  });
});

describe('what a copy holds on to', () => {
  const texts = (strings: string[]) => new Column({ dtype: 'utf8', data: strings, length: strings.length });
  const many = Array.from({ length: 2_000 }, () => 'a');

  it.each<[string, Column]>([
    ['a long text behind many short ones', texts([...many, 'x'.repeat(1_000_000)])],
    [
      'a dictionary',
      new Column({ dtype: 'utf8', data: { codes: new Int32Array(1), values: ['x'.repeat(1_000_000)] }, length: 1 }),
    ],
    [
      'a list',
      new Column({
        dtype: 'list<f64>',
        data: {
          offsets: new Int32Array([0, 250_000]),
          values: new Column({ dtype: 'f64', data: new Float64Array(250_000), length: 250_000 }),
        },
        length: 1,
      }),
    ],
  ])('is measured in full: %s', (_, column) => {
    expect(bytesOfFrame(new Frame([['c', column]]))).toBeGreaterThan(2_000_000);
  });
});

describe('what waits for a shadow', () => {
  const limits = { maxQueue: 3, maxQueueBytes: 100, maxAgeMs: 50 };
  const item = (id: number, at = 0, bytes = 10, rows = 1) => ({ id, at, bytes, rows });

  it('is bounded by number, bytes and age, the oldest goes first', () => {
    const dropped: number[] = [];
    const queue = new ShadowQueue<ReturnType<typeof item>>(limits, ({ id }) => dropped.push(id));
    for (let id = 0; id < 5; id++) queue.push(item(id, id));
    expect(dropped).toEqual([0, 1]);
    queue.push(item(5, 5, 95));
    expect(dropped).toEqual([0, 1, 2, 3, 4]);
    queue.push(item(6, 6, 101));
    expect(dropped.at(-1)).toBe(6);
    queue.push(item(7, 60, 5));
    expect(queue.take(10, 60).map(({ id }) => id)).toEqual([7]);
    expect(dropped).toEqual([0, 1, 2, 3, 4, 6, 5]);
  });

  it('is taken by rows, and a large one by itself', () => {
    const queue = new ShadowQueue<ReturnType<typeof item>>(limits, () => undefined);
    queue.push(item(0, 0, 1, 100));
    queue.push(item(1, 0, 1, 5));
    queue.push(item(2, 0, 1, 6));
    expect([queue.take(10, 0), queue.take(10, 0), queue.take(10, 0)].map((all) => all.map(({ id }) => id))).toEqual([
      [0],
      [1],
      [2],
    ]);
  });
});
