import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chiSquareTest } from '../statistics/intervals.js';
import { chooseVariant, unitOf } from './rendezvous.js';

const NAMES = ['control', 'a', 'b', 'c', 'd'];
const weightsOf = (n: number) =>
  fc
    .array(fc.integer({ min: 0, max: 100 }), { minLength: n, maxLength: n })
    .filter((weights) => weights.some((weight) => weight > 0));
const keys = fc.array(fc.string({ maxLength: 40 }), { minLength: 50, maxLength: 200 });

describe('weighted rendezvous hashing', () => {
  it('moves a key from one variant to another only where the other one grew in proportion', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }).chain((n) => fc.tuple(weightsOf(n), weightsOf(n))),
        keys,
        fc.string(),
        ([before, after], some, salt) => {
          const names = NAMES.slice(0, before.length);
          for (const key of some) {
            const from = chooseVariant(salt, names, before, key);
            const to = chooseVariant(salt, names, after, key);
            if (from === to) continue;
            // to's weight by from's: larger than before.
            expect(after[to]! * before[from]!).toBeGreaterThan(before[to]! * after[from]!);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('moves keys only between the two variants whose weights change, where there are two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 }), keys, (one, other, some) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        for (const key of some) {
          const before = chooseVariant('s', ['control', 'new'], [100 - low, low], key);
          const after = chooseVariant('s', ['control', 'new'], [100 - high, high], key);
          // Who has the new one keeps it while it grows.
          if (before === 1) expect(after).toBe(1);
        }
      }),
    );
  });

  it('never gives a key to a variant without weight', () => {
    fc.assert(
      fc.property(weightsOf(4), keys, (weights, some) => {
        for (const key of some) expect(weights[chooseVariant('s', NAMES.slice(0, 4), weights, key)]).toBeGreaterThan(0);
      }),
    );
  });

  it.each([[[0.9, 0.1]], [[0.5, 0.5]], [[0.6, 0.3, 0.1]], [[0.98, 0.01, 0.01]], [[1 / 3, 1 / 3, 1 / 3]]])(
    'gives each variant its share: %j',
    (weights) => {
      const n = 20_000;
      const names = NAMES.slice(0, weights.length);
      const counts = weights.map(() => 0);
      for (let i = 0; i < n; i++) counts[chooseVariant('shares', names, weights, `user-${i}`)]!++;
      // The keys are always the same: this is no dice, and a p this small would be a fault of the hash.
      const { p } = chiSquareTest(
        counts,
        weights.map((weight) => weight * n),
      );
      expect(p).toBeGreaterThan(0.001);
    },
  );

  it('chooses independently under another salt', () => {
    const n = 10_000;
    let both = 0;
    for (let i = 0; i < n; i++) {
      const first = chooseVariant('one', ['x', 'y'], [0.5, 0.5], `user-${i}`);
      both += Number(first === chooseVariant('two', ['x', 'y'], [0.5, 0.5], `user-${i}`));
    }
    expect(chiSquareTest([both, n - both], [n / 2, n / 2]).p).toBeGreaterThan(0.001);
  });

  it('is the hash that the guide states, in any process and any language', () => {
    const code = `
import hashlib, json, sys
print(json.dumps([((int.from_bytes(hashlib.sha256(f"s\\0{v}\\0{k}".encode()).digest()[:7], "big") >> 3) + 0.5) * 2**-53
  for v in ["control", "new"] for k in ["", "user-1", "ключ", "😀"]]))`;
    const wanted = JSON.parse(execFileSync('python3', ['-c', code], { encoding: 'utf8' })) as number[];
    const units = ['control', 'new'].flatMap((v) => ['', 'user-1', 'ключ', '😀'].map((k) => unitOf('s', v, k)));
    expect(units).toEqual(wanted);
    expect(units.every((unit) => unit > 0 && unit < 1)).toBe(true);
  });
});
