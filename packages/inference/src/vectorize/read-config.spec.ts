import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vectorWorkload } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vectorizer } from './vectorizer.js';

const plain = { type: 'identity', default_val: [0] };
const config = (transformation: unknown, name = 'f') => ({
  feature_transformations: { [name]: transformation },
  feature_order: [name],
});

describe('a config', () => {
  it.each<[string, unknown, RegExp]>([
    ['no object', [], /JSON object/],
    ['null', null, /JSON object/],
    ['no transformations', { feature_order: ['f'] }, /feature_transformations/],
    ['no order', { feature_transformations: {} }, /feature_order/],
    ['an empty order', { feature_transformations: {}, feature_order: [] }, /not empty/],
    ['an order of numbers', { feature_transformations: {}, feature_order: [1] }, /feature names/],
    ['a feature twice', { feature_transformations: { f: plain }, feature_order: ['f', 'f'] }, /"f" twice/],
    ['a feature without transformation', { feature_transformations: {}, feature_order: ['f'] }, /"f" of feature_order/],
    [
      'a feature that only Object knows',
      { feature_transformations: {}, feature_order: ['constructor'] },
      /"constructor"/,
    ],
    [
      'a transformation that no order names',
      { feature_transformations: { f: plain, g: plain }, feature_order: ['f'] },
      /"g".*not in feature_order/,
    ],
    ['half a surrogate pair', config(plain, '\ud800'), /Unicode/],
    ['a transformation that is no object', config(7), /"f".*object/],
    ['an unknown type', config({ type: 'log', default_val: [0] }), /"f".*"log".*embedding, identity/],
    ['a type that only Object knows', config({ type: 'toString', default_val: [0] }), /"toString"/],
    ['no type', config({ default_val: [0] }), /missing/],
    ['no default', config({ type: 'identity' }), /"f".*default_val/],
    ['an empty default', config({ type: 'identity', default_val: [] }), /"f".*default_val.*empty/],
    ['a default of text', config({ type: 'identity', default_val: ['0'] }), /default_val\[0\] is "0"/],
    ['a default that no float32 holds', config({ type: 'identity', default_val: [0, 1e39] }), /default_val\[1\]/],
    ['min above max', config({ type: 'min_max_scaling32', min: 2, max: 1, default_val: [0] }), /"f".*min 2.*max 1/],
    ['min at max', config({ type: 'min_max_scaling64', min: 1, max: 1, default_val: [0] }), /"f".*min 1.*max 1/],
    [
      'min at max as float32',
      config({ type: 'min_max_scaling32', min: 1, max: 1.000000001, default_val: [0] }),
      /float32/,
    ],
    ['no min', config({ type: 'min_max_scaling32', max: 1, default_val: [0] }), /min is missing/],
    [
      'an infinite range',
      config({ type: 'min_max_scaling32', min: -3e38, max: 3e38, default_val: [0] }),
      /max - min is infinite/,
    ],
    ['std_dev 0', config({ type: 'standardization64', mean: 0, std_dev: 0, default_val: [0] }), /std_dev 0/],
    ['std_dev below 0', config({ type: 'standardization32', mean: 0, std_dev: -1, default_val: [0] }), /std_dev -1/],
    [
      'std_dev 0 as float32',
      config({ type: 'standardization32', mean: 0, std_dev: 1e-50, default_val: [0] }),
      /float32/,
    ],
    ['a mean of text', config({ type: 'standardization32', mean: '0', std_dev: 1, default_val: [0] }), /mean is "0"/],
    ['no categories', config({ type: 'one_hot_encoding', default_val: [0] }), /categories/],
    ['empty categories', config({ type: 'one_hot_encoding', categories: [], default_val: [0] }), /categories.*empty/],
    [
      'a category twice',
      config({ type: 'one_hot_encoding', categories: ['b', 'a', 'b'], default_val: [0, 0, 0] }),
      /"f".*"b" twice/,
    ],
    [
      'a default of another length than the categories',
      config({ type: 'one_hot_encoding', categories: ['a', 'b'], default_val: [0, 0, 0] }),
      /"f".*3 numbers.*gives 2/,
    ],
    ['no embeddings', config({ type: 'embedding', default_val: [0] }), /embeddings/],
    ['empty embeddings', config({ type: 'embedding', embeddings: {}, default_val: [0] }), /embeddings is empty/],
    ['an empty vector', config({ type: 'embedding', embeddings: { a: [] }, default_val: [0] }), /embeddings\["a"\]/],
    [
      'vectors of different lengths',
      config({ type: 'embedding', embeddings: { a: [1], b: [1, 2] }, default_val: [0] }),
      /embeddings\["b"\] has 2/,
    ],
  ])('with %s is refused', (_, given, message) => {
    expect(() => Vectorizer.of(given as object, { who: "model 'm'" })).toThrow(
      expect.objectContaining({
        code: 'INF_ERR_VECTORIZE_CONFIG',
        message: expect.stringMatching(message),
      }) as Error,
    );
    expect(() => Vectorizer.of(given as object, { who: "model 'm'" })).toThrow(/^model 'm'/);
  });

  it("of another length than the model's input is refused, with both lengths", () => {
    const given = {
      feature_transformations: { a: plain, b: { type: 'identity', default_val: [1, 2, 3] } },
      feature_order: ['b', 'a'],
    };
    expect(Vectorizer.of(given, { width: 4 }).width).toBe(4);
    expect(() => Vectorizer.of(given, { width: 5 })).toThrow(/4 numbers.*takes 5 \(b 3, a 1\)/);
  });

  it('may have keys that nobody knows', () => {
    const given = { ...config({ ...plain, comment: 'hello' }), version: 2 };
    expect(Vectorizer.of(given).features).toEqual(['f']);
  });

  it.each([
    ['itself', (circle: Record<string, unknown>) => (circle['again'] = circle)],
    ['a bigint', () => ({ again: 1n })],
  ])('of the application that holds %s where it should not is refused as any other', (_what, make) => {
    for (const given of [config({ type: make({}) }), config({ ...plain, default_val: [make({})] })])
      expect(() => Vectorizer.of(given)).toThrow(
        expect.objectContaining({ code: 'INF_ERR_VECTORIZE_CONFIG' }) as Error,
      );
  });

  it('may have names that Object knows', () => {
    const given = JSON.parse(
      '{"feature_transformations": {"__proto__": {"type": "identity", "default_val": [2]}}, "feature_order": ["__proto__"]}',
    ) as object;
    expect(Vectorizer.of(given).features).toEqual(['__proto__']);
  });
});

describe('a config file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witan-vectorize-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read as it is', async () => {
    const vectorizer = await Vectorizer.load(vectorWorkload('w3').vectorizationPath, { width: 230 });
    expect(vectorizer.features).toHaveLength(50);
  });

  it('may begin with a byte order mark', async () => {
    const path = join(folder, 'bom.json');
    await writeFile(path, `\ufeff${JSON.stringify(config(plain))}`);
    expect((await Vectorizer.load(path)).width).toBe(1);
  });

  it.each([
    ['that is not there', undefined, /cannot be read.*ENOENT/],
    ['that is no JSON', '{"feature_order": [', /is not JSON/],
    ['that is empty', '', /is not JSON/],
  ])('%s is refused with its path', async (_, content, message) => {
    const path = join(folder, 'broken.json');
    if (content !== undefined) await writeFile(path, content);
    await expect(Vectorizer.load(path)).rejects.toMatchObject({
      code: 'INF_ERR_VECTORIZE_CONFIG',
      message: expect.stringMatching(message),
    });
    await expect(Vectorizer.load(path)).rejects.toThrow(path);
    await rm(path, { force: true });
  });
});
