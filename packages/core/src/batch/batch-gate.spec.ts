import { describe, expect, it } from 'vitest';
import { ManualClock } from '@witan-libs/testing';
import { Column } from '../frame/column.js';
import { Frame } from '../frame/frame.js';
import { type Batch, BatchGate } from './batch-gate.js';

function frameOf(...values: number[]): Frame {
  return new Frame([['x', new Column({ dtype: 'f64', data: Float64Array.from(values), length: values.length })]]);
}

function valuesOf(frame: Frame): number[] {
  return Array.from(frame.column('x').data as Float64Array);
}

describe('BatchGate', () => {
  it('joins what arrives in one turn and answers each request its own rows', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const gate = new BatchGate((batch: Batch) => (seen.push(batch.rows), batch.frame), {}, { clock });
    const answers = [gate.submit({ frame: frameOf(1, 2) }), gate.submit({ frame: frameOf(3) })];
    clock.endTurn();
    expect((await Promise.all(answers)).map(valuesOf)).toEqual([[1, 2], [3]]);
    expect(seen).toEqual([3]);
  });
});
