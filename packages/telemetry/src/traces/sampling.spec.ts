import { describe, expect, it } from 'vitest';
import { Sampling, type Outcome } from './sampling.js';
import { RandomIds, type TraceIds } from './trace-ids.js';
import type { SamplingOptions } from './trace-options.js';

const withChance = (chance: number): TraceIds => ({ traceId: () => '', spanId: () => '', chance: () => chance });
const kept = (options: SamplingOptions, outcome: Partial<Outcome>, chance = 0.5): boolean =>
  new Sampling(options, withChance(chance)).atEnd({
    failed: false,
    durationMs: 10,
    service: 'Iris',
    models: [],
    ...outcome,
  });

describe('sampling', () => {
  it('keeps the share of new traces that is asked for', () => {
    expect(new Sampling({ ratio: 0.2 }, withChance(0.19)).atStart()).toBe(true);
    expect(new Sampling({ ratio: 0.2 }, withChance(0.2)).atStart()).toBe(false);
    expect(new Sampling({ ratio: 0 }, withChance(0)).atStart()).toBe(false);
    expect(new Sampling({ ratio: 1 }, withChance(0.999)).atStart()).toBe(true);
    expect(new Sampling({}, new RandomIds()).ratio).toBe(0.01);
  });

  it('keeps errors unless it is told otherwise', () => {
    expect(kept({}, { failed: true })).toBe(true);
    expect(kept({}, {})).toBe(false);
    expect(kept({ rules: [] }, { failed: true })).toBe(false);
  });

  it('keeps what all conditions of a rule hold for', () => {
    const models = [{ model: 'iris', version: '3', experiment: 'e', variant: 'challenger' }];
    expect(kept({ rules: [{ slowerThanMs: 10 }] }, {})).toBe(true);
    expect(kept({ rules: [{ slowerThanMs: 10.1 }] }, {})).toBe(false);
    expect(kept({ rules: [{ slowerThanMs: 5, service: 'Other' }] }, {})).toBe(false);
    expect(kept({ rules: [{ service: 'Iris', model: 'iris' }] }, { models })).toBe(true);
    expect(kept({ rules: [{ experiment: 'e', variant: 'challenger' }] }, { models })).toBe(true);
    expect(kept({ rules: [{ model: 'iris', variant: 'control' }] }, { models })).toBe(false);
    expect(kept({ rules: [{ variant: 'challenger' }] }, {})).toBe(false);
    expect(kept({ rules: [{ slowerThanMs: 5 }] }, { durationMs: Number.NaN })).toBe(false);
  });

  it('keeps a share of what fits a rule; the first that fits decides', () => {
    const rules = [{ service: 'Iris', ratio: 0.1 }, { slowerThanMs: 1 }];
    expect(kept({ rules }, {}, 0.09)).toBe(true);
    expect(kept({ rules }, {}, 0.1)).toBe(false);
    expect(kept({ rules }, { service: 'Other' })).toBe(true);
  });

  it.each([{ ratio: 1.1 }, { ratio: -0.1 }, { ratio: Number.NaN }, { rules: [{ errors: true as const, ratio: 2 }] }])(
    'refuses %j',
    (options) => {
      expect(() => new Sampling(options, withChance(0))).toThrow(
        expect.objectContaining({ code: 'TEL_ERR_TRACE_OPTION' }),
      );
    },
  );
});

describe('ids', () => {
  it('are hexadecimal, of their lengths, and never the same', () => {
    const ids = new RandomIds();
    const all = Array.from({ length: 2000 }, () => [ids.traceId(), ids.spanId()]).flat();
    expect(new Set(all).size).toBe(4000);
    for (const [i, id] of all.entries()) expect(id).toMatch(i % 2 === 0 ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{16}$/);
  });
});
