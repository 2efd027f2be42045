import { describe, expect, it } from 'vitest';
import type { ModelSignature } from '../../runner/signature.js';
import { checkConfig } from './check-config.js';
import { configFromText } from './triton/read-triton-config.js';
import { configFromMlModel } from './config/read-mlmodel.js';

const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'x', dtype: 'f32', dims: [null, 16] },
    { name: 'country', dtype: 'utf8', dims: [null] },
  ],
  outputs: [{ name: 'score', dtype: 'f32', dims: [null, null] }],
  omitted: [],
  batch: { kind: 'dynamic' },
};
const X = (type: string, dims: string): string => `input { name: "x" data_type: ${type} dims: [ ${dims} ] }`;
const check = (text: string, signature = SIGNATURE): void => checkConfig(configFromText(text).config, signature);

describe('a configuration and its ONNX file', () => {
  it.each([
    ['nothing declared', ''],
    ['rows left out, with batches', `max_batch_size: 8 ${X('TYPE_FP32', '16')}`],
    ['whole dims, without batches', `max_batch_size: 0 ${X('TYPE_FP32', '-1, 16')}`],
    ['whole dims, batches not mentioned', X('TYPE_FP32', '-1, 16')],
    ['rows left out, batches not mentioned', X('TYPE_FP32', '16')],
    ['a size for an open dimension', `max_batch_size: 8 output { name: "score" data_type: TYPE_FP32 dims: 3 }`],
    [
      'the text of every row',
      `max_batch_size: 8 input { name: "country" data_type: TYPE_STRING dims: 1 reshape { shape: [] } }`,
    ],
  ])('agree: %s', (_, text) => {
    expect(() => check(text)).not.toThrow();
  });

  it.each([
    [
      'input { name: "z" data_type: TYPE_FP32 dims: 1 }',
      /the file has no input 'z'.*z FP32\[1\] -> no outputs.*the ONNX file has x f32\[\?, 16\], country utf8\[\?\] -> score/,
    ],
    [X('TYPE_FP64', '16'), /input 'x' is FP32, not FP64/],
    [X('TYPE_BF16', '16'), /input 'x' is FP32, not BF16/],
    [
      `max_batch_size: 8 ${X('TYPE_FP32', '17')}`,
      /input 'x' has other dims.*x FP32\[17\].*\(max batch 8\).*x f32\[\?, 16\]/,
    ],
    [`max_batch_size: 8 ${X('TYPE_FP32', '-1')}`, /other dims/],
    [`max_batch_size: 8 ${X('TYPE_FP32', '-1, 16')}`, /other dims/],
    [`max_batch_size: 0 ${X('TYPE_FP32', '16')}`, /other dims/],
    ['output { name: "label" data_type: TYPE_FP32 dims: 1 }', /no output 'label'/],
  ])('%s contradicts it, and both sides are told', (text, message) => {
    expect(() => check(text)).toThrow(message);
    expect(() => check(text)).toThrow(expect.objectContaining({ code: 'INF_ERR_MODEL_CONFIG' }) as Error);
  });

  it('refuses batches of a model without rows', () => {
    const scalar: ModelSignature = {
      ...SIGNATURE,
      inputs: [{ name: 'x', dtype: 'f32', dims: [] }],
      batch: { kind: 'none' },
    };
    expect(() => check('max_batch_size: 8', scalar)).toThrow(/no common first dimension/);
    expect(() => check('max_batch_size: 0', scalar)).not.toThrow();
  });

  it('takes for MLflow what MLflow takes: doubles for a float input, sizes left open', async () => {
    const declare = async (dtype: string, shape: number[]): Promise<void> => {
      const inputs = JSON.stringify([{ name: 'x', type: 'tensor', 'tensor-spec': { dtype, shape } }]);
      checkConfig(
        (await configFromMlModel(`flavors: { onnx: {} }\nsignature: { inputs: '${inputs}' }`)).config,
        SIGNATURE,
      );
    };
    await declare('float64', [-1, -1]);
    await expect(declare('int64', [-1, 16])).rejects.toThrow(/x' is FP32, not INT64/);
    await expect(declare('float32', [-1, 15])).rejects.toThrow(/other dims/);
  });
});
