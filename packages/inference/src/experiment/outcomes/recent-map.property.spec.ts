import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from './recent-map.js';

describe('a map of what came last', () => {
  it('holds what a plain Map would, of which the oldest entry goes when there are too many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer()), { maxLength: 200 }),
        (limit, entries) => {
          const map = new RecentMap<number>(limit);
          const model = new Map<string, number>();
          for (const [id, value] of entries) {
            model.set(`${id}`, value);
            const isOver = model.size > limit;
            if (isOver) model.delete(model.keys().next().value!);
            expect(map.set(`${id}`, value)).toBe(isOver);
            expect(map.size).toBe(model.size);
          }
          for (let id = 0; id < 16; id++) expect(map.get(`${id}`)).toBe(model.get(`${id}`));
        },
      ),
    );
  });
});
