import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixtureModel } from '@witan-libs/testing';
import type { TensorMap } from '../tensor/tensor.js';
import { rawSessionClass } from './ort-binding.js';
import { openSession } from './session.js';
import { nativeSessionOptions } from './session-options.js';
import { blankFeeds } from './warm-up.js';

const options = nativeSessionOptions({}, false);
const models = readdirSync(dirname(fixtureModel('iris'))).map((file) => file.replace('.onnx', ''));

describe('the two doors to onnxruntime', () => {
  it('finds the raw binding in the pinned release', () => {
    expect(rawSessionClass()).toBeDefined();
  });

  it.each(models.filter((name) => name !== 'endless'))('agree on %s', async (name) => {
    const [raw, open] = [
      await openSession(fixtureModel(name), options),
      await openSession(fixtureModel(name), options, 'public'),
    ];
    expect(raw.signature).toEqual(open.signature);
    const outputs = raw.signature.outputs.map((output) => output.name);
    const feeds = someFeeds(blankFeeds(raw.signature, 3));
    const answer = raw.run(feeds, outputs);
    expect(answer).not.toBeInstanceOf(Promise);
    expect(await open.run(feeds, outputs)).toEqual(answer);
    raw.close();
    open.close();
  });
});

describe('a session', () => {
  it('does not grow over 2,000 runs', async () => {
    const session = await openSession(fixtureModel('w1'), options);
    const feeds = blankFeeds(session.signature, 64);
    const run = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++) await session.run(feeds, ['output']);
      return process.memoryUsage.rss();
    };
    const before = await run(500);
    expect((await run(2_000)) - before).toBeLessThan(40 * 2 ** 20);
    session.close();
  });
});

/** Small whole numbers instead of zeros, so that a wrong order would show. */
function someFeeds(blank: TensorMap): TensorMap {
  for (const { dtype, data } of Object.values(blank)) {
    const target = data as unknown[];
    for (let i = 0; i < target.length; i++) {
      target[i] =
        dtype === 'utf8'
          ? `v${i}`
          : dtype === 'i64' || dtype === 'u64'
            ? BigInt(i % 5)
            : dtype === 'bool'
              ? i % 2
              : i % 5;
    }
  }
  return blank;
}
