import { describe, expect, it } from 'vitest';
import type { ExperimentOptions } from './experiment-options.js';
import { experimentPlanOf } from './experiment-plan.js';
import { Traffic } from './traffic.js';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-01T08:00:00Z');
const THREE = { control: 'm@1', a: { model: 'm@2', weight: 0.1 }, b: { model: 'm@3', weight: 0.2 } };

function trafficOf(options: Partial<ExperimentOptions> = {}): Traffic {
  return new Traffic(experimentPlanOf('e', { variants: THREE, ...options }));
}

const shares = (traffic: Traffic, at = 0): number[] =>
  Array.from(traffic.weights(at), (weight) => Number(weight.toFixed(6)));

describe('what goes where', () => {
  it('the control has what the others leave; variants that say nothing share it', () => {
    expect(shares(trafficOf())).toEqual([0.7, 0.1, 0.2]);
    expect(shares(trafficOf({ variants: { x: 'm@1', y: 'm@2' } }))).toEqual([0.5, 0.5]);
    expect(shares(trafficOf({ variants: { only: 'm' } }))).toEqual([1]);
  });

  it('changes while it runs, all of it or nothing', () => {
    const traffic = trafficOf();
    traffic.change({ weights: { a: 0.3 } }, 0);
    expect(shares(traffic)).toEqual([0.5, 0.3, 0.2]);
    expect(() => traffic.change({ weights: { a: 0.9 }, killed: true }, 0)).toThrow(/sum to 1.1/);
    expect(() => traffic.change({ weights: { z: 0.9 } }, 0)).toThrow(/there are control, a, b/);
    expect(() => traffic.change({ weights: { a: -0.1 } }, 0)).toThrow(/a share from 0 to 1/);
    expect([shares(traffic), traffic.killed]).toEqual([[0.5, 0.3, 0.2], false]);
    traffic.change({ weights: { control: 0.5, a: 0.25, b: 0.25 } }, 0);
    expect(shares(traffic)).toEqual([0.5, 0.25, 0.25]);
  });

  it('grows in a straight line, out of the control', () => {
    const traffic = trafficOf({
      ramp: { variant: 'a', from: 0, to: 0.5, start: '2026-03-01T09:00:00+01:00', durationMs: 10 * HOUR },
    });
    expect([-HOUR, 0, HOUR, 5 * HOUR, 20 * HOUR].map((ms) => shares(traffic, START + ms))).toEqual([
      [0.8, 0, 0.2],
      [0.8, 0, 0.2],
      [0.75, 0.05, 0.2],
      [0.55, 0.25, 0.2],
      [0.3, 0.5, 0.2],
    ]);
  });

  it('grows in steps, the first at the start', () => {
    const traffic = trafficOf({
      ramp: { variant: 'a', from: 0, to: 0.4, start: START, durationMs: 4 * HOUR, steps: 4 },
    });
    const weights = [-1, 0, HOUR - 1, HOUR, 3 * HOUR, 4 * HOUR].map((ms) => shares(traffic, START + ms)[1]);
    expect(weights).toEqual([0, 0.1, 0.1, 0.2, 0.4, 0.4]);
  });

  it('a ramp that is ended leaves the weight that it had come to', () => {
    const traffic = trafficOf({ ramp: { variant: 'a', to: 0.5, start: START, durationMs: 4 * HOUR } });
    traffic.change({ ramp: null }, START + 2 * HOUR);
    expect(shares(traffic, START + 3 * HOUR)).toEqual([0.5, 0.3, 0.2]);
  });

  it('gives all of the control away and no more, so that it can be kept', () => {
    const variants = { control: 'm@1', a: { model: 'm@2', weight: 0.3 }, b: { model: 'm@3', weight: 0.1 } };
    const traffic = trafficOf({ variants, ramp: { variant: 'a', to: 0.9, start: START, durationMs: HOUR } });
    expect(Array.from(traffic.weights(START + HOUR))).toEqual([0, 0.9, 0.1]);
  });

  it.each([
    [{ start: 1e300 }, /ramp.start is 1e\+300/],
    [{ step: 4 }, /ramp has no 'step': it has variant, from, to, start, durationMs, steps/],
  ])('a ramp that would do something else than it says is refused: %j', (part, message) => {
    const ramp = { variant: 'a', to: 0.5, start: START, durationMs: HOUR, ...part };
    const traffic = trafficOf();
    expect(() => traffic.change({ ramp }, 0)).toThrow(message);
    expect(traffic.ramp).toBeUndefined();
  });

  it('is kept over a restart, but for weights of another declaration; what is switched off stays off', () => {
    const traffic = trafficOf();
    expect(traffic.save('v1')).toBeUndefined();
    traffic.change({ weights: { a: 0.4 }, killed: true }, 0);
    const saved = JSON.parse(JSON.stringify(traffic.save('v1')));
    const [same, other] = [trafficOf(), trafficOf()];
    expect([same.restore(saved, 'v1'), shares(same), same.killed]).toEqual([true, [0.4, 0.4, 0.2], true]);
    expect([other.restore(saved, 'v2'), shares(other), other.killed]).toEqual([false, [0.7, 0.1, 0.2], true]);
  });
});

describe('options that make no sense', () => {
  const refused: [string, unknown, RegExp][] = [
    ['no variants', {}, /give it variants/],
    ['too much weight', { variants: { a: { model: 'm', weight: 0.8 }, b: { model: 'm', weight: 0.3 } } }, /sum to 1.1/],
    ['too little', { variants: { a: { model: 'm', weight: 0.5 }, b: { model: 'm', weight: 0.3 } } }, /sum to 0.8/],
    ['a negative weight', { variants: { a: { model: 'm', weight: -1 }, b: 'm' } }, /share from 0 to 1/],
    ['a weight that is text', { variants: { a: { model: 'm', weight: '0.1' }, b: 'm' } }, /share from 0 to 1/],
    ['a key of a strange kind', { variants: THREE, key: 'cookie:x' }, /header:NAME/],
    ['a key without a name', { variants: THREE, key: 'header:' }, /header:NAME/],
    ['a control that is none', { variants: THREE, control: 'z' }, /there are control, a, b/],
    ['a strange option', { variants: THREE, wieght: 1 }, /'wieght' is no option/],
    ['a model that is none', { variants: { control: 3 } }, /write it as 'iris@3'/],
    ['a name that is none', { variants: { 'a b': 'm' } }, /cannot be a variant's name/],
    [
      'a ramp of the control',
      { variants: THREE, ramp: { variant: 'control', to: 1, start: 0, durationMs: 1 } },
      /not the control/,
    ],
    [
      'a ramp without room',
      { variants: THREE, ramp: { variant: 'a', to: 0.9, start: 0, durationMs: 1 } },
      /variants leave 0.8/,
    ],
    [
      'a ramp without time zone',
      { variants: THREE, ramp: { variant: 'a', to: 0.2, start: '2026-03-01T08:00:00', durationMs: 1 } },
      /time zone/,
    ],
    ['a ramp of no time', { variants: THREE, ramp: { variant: 'a', to: 0.2, start: 0, durationMs: 0 } }, /durationMs/],
    ['a sample', { variants: THREE, shadow: [{ model: 'm', sample: 2 }] }, /sample of a shadow/],
    ['a limit', { variants: THREE, shadowLimits: { maxQueue: 0 } }, /shadowLimits.maxQueue is 0/],
    ['a limit that is no whole number', { variants: THREE, outcomes: { maxUnits: 1.5 } }, /outcomes.maxUnits is 1.5/],
    ['a metric', { variants: THREE, outcomes: { metrics: ['a b'] } }, /outcomes.metrics/],
  ];
  it.each(refused)('%s', (_, options, text) => {
    expect(() => experimentPlanOf('e', options as ExperimentOptions)).toThrow(
      expect.objectContaining({ code: 'INF_ERR_EXPERIMENT_OPTIONS', message: expect.stringMatching(text) }),
    );
  });
});
