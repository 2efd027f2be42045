import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fixture, type FixtureName, fixtureRecords } from './fixtures.js';

const ROWS: Record<FixtureName, number> = {
  iris: 150,
  'iris-classifier': 150,
  digits: 1797,
  'mixed-strings': 303,
  'boosting-zipmap': 150,
  w1: 1,
};

describe('the fixtures', () => {
  it.each(Object.entries(ROWS))('%s has %i rows, each with an expected answer', (name, count) => {
    const data = fixture(name as FixtureName);
    expect(data.count).toBe(count);
    expect(existsSync(data.modelPath)).toBe(true);
    for (const rows of Object.values(data.expected)) expect(rows).toHaveLength(count);
    for (const column of Object.values(data.inputs).flat()) expect(data.columns.get(column)).toHaveLength(count);
  });

  it('gives rows as records', () => {
    expect(fixtureRecords(fixture('iris'))[0]).toEqual({ sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });
    expect(fixtureRecords(fixture('digits'))[0]).toMatchObject({ pixel_0_0: 0, pixel_7_7: 0 });
  });
});
