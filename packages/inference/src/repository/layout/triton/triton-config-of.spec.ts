import { describe, expect, it } from 'vitest';
import type { ModelSignature } from '../../../runner/signature.js';
import { configFromJson, configFromText } from './read-triton-config.js';
import { tritonConfigOf } from './triton-config-of.js';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'f32', dims: [null, 16] }],
  outputs: [{ name: 'label', dtype: 'utf8', dims: [null] }],
  omitted: [],
  batch: { kind: 'dynamic' },
};
const NONE = { ignored: [] };

describe("Triton's ModelConfig of a model", () => {
  it('shows what is in force, with the tensors of the file', () => {
    const text = `max_batch_size: 16 dynamic_batching { max_queue_delay_microseconds: 500 } version_policy { specific { versions: [1, 3] } }
      instance_group { count: 2 } parameters { key: "team" value { string_value: "risk" } } model_warmup { batch_size: 4 }
      output { name: "label" data_type: TYPE_STRING dims: 1 reshape { shape: [] } label_filename: "l.txt" }`;
    expect(tritonConfigOf('iris', configFromText(text).config, SIGNATURE)).toEqual({
      name: 'iris',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      version_policy: { specific: { versions: [1, 3] } },
      max_batch_size: 16,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [16], format: 'FORMAT_NONE' }],
      output: [{ name: 'label', data_type: 'TYPE_STRING', dims: [], label_filename: 'l.txt' }],
      dynamic_batching: {
        preferred_batch_size: [],
        max_queue_delay_microseconds: 500,
        default_queue_policy: { timeout_action: 'REJECT', max_queue_size: 0 },
      },
      instance_group: [{ name: 'iris', kind: 'KIND_CPU', count: 2, gpus: [] }],
      default_model_filename: 'model.onnx',
      parameters: { team: { string_value: 'risk' } },
      model_warmup: [
        {
          name: '4 rows',
          batch_size: 4,
          count: 1,
          inputs: { x: { data_type: 'TYPE_FP32', dims: [16], zero_data: true } },
        },
      ],
    });
  });

  it('is read back as itself', () => {
    const text =
      'max_batch_size: 16 version_policy { all {} } instance_group { count: 2 } model_warmup { batch_size: 4 }';
    const { config } = configFromText(text);
    const again = configFromJson(JSON.stringify(tritonConfigOf('iris', config, SIGNATURE)), 'iris');
    expect(again).toMatchObject({
      ...config,
      source: 'override',
      ignored: [],
      inputs: [{ name: 'x', datatype: 'FP32', dims: [16] }],
    });
  });

  it.each([
    ['dynamic', NONE, { kind: 'dynamic' }, 64, [16]],
    ['with its own largest batch', { ...NONE, batch: { maxRows: 8 } }, { kind: 'dynamic' }, 8, [16]],
    ['without batches', { ...NONE, maxBatchSize: 0 }, { kind: 'dynamic' }, 0, [-1, 16]],
    ['of a fixed size', NONE, { kind: 'fixed', rows: 4 }, 4, [16]],
    ['without rows', NONE, { kind: 'none' }, 0, [-1, 16]],
  ] as const)('a model %s', (_, config, batch, size, dims) => {
    const made = tritonConfigOf('iris', config, { ...SIGNATURE, batch });
    expect(made).toMatchObject({
      max_batch_size: size,
      input: [{ dims }],
      version_policy: { latest: { num_versions: 1 } },
    });
    expect('dynamic_batching' in made).toBe(size > 0);
  });

  it('gives the served versions where names cannot stand in a policy', () => {
    const config = { ...NONE, versionPolicy: { kind: 'specific', versions: ['v1', '2'] } } as const;
    expect(tritonConfigOf('iris', config, SIGNATURE, ['v1', '2'])).toMatchObject({
      version_policy: { specific: { versions: [2] } },
    });
  });
});
