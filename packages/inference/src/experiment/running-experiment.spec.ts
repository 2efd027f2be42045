import { Column, Frame } from '@witan/core/frame';
import { ManualClock } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';
import { experimentPlanOf } from './experiment-plan.js';
import { RunningExperiment } from './running-experiment.js';

const texts = (data: string[]) => new Column({ dtype: 'utf8', data, length: data.length });
const CALLER = { requestId: 'r1', principal: undefined, params: {}, header: () => undefined };

describe('a key that stands in a column', () => {
  function experimentOf(key: string) {
    const logged: string[] = [];
    const plan = experimentPlanOf('ab', { variants: { control: 'm@1' }, key });
    const experiment = new RunningExperiment({
      plan,
      directory: {
        use: () => {
          throw new Error('there is no model here');
        },
      },
      clock: new ManualClock(),
      log: { log: () => undefined, warn: (text: string) => void logged.push(text) },
    });
    return { experiment, logged };
  }

  it.each([
    ['is misspelt', 'column:usre', 'usr', texts(['anna'])],
    ['is empty', 'column:user', 'user', texts([''])],
    [
      'is a vector',
      'column:user',
      'user',
      new Column({ dtype: 'f32', data: new Float32Array(2), length: 1, shape: [2] }),
    ],
  ])('and %s is said, once', (_, key, name, column) => {
    const { experiment, logged } = experimentOf(key);
    for (let i = 0; i < 3; i++)
      expect(experiment.assign(CALLER, new Frame([[name, column]]))).toMatchObject({ sticky: false, key: 'r1' });
    expect(logged).toEqual([
      expect.stringMatching(`first row has no single value in ${key}, so its request id chooses`),
    ]);
  });

  it('and is there is nothing to speak of', () => {
    const { experiment, logged } = experimentOf('column:user');
    expect(experiment.assign(CALLER, new Frame([['user', texts(['anna'])]]))).toMatchObject({ sticky: true });
    expect(logged).toEqual([]);
  });
});
