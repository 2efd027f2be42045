import { describe, expect, it } from 'vitest';
import { configFromMlModel } from './read-mlmodel.js';

const tensor = (name: string, dtype: string, shape: number[]): object => ({
  name,
  type: 'tensor',
  'tensor-spec': { dtype, shape },
});

/** As mlflow.onnx.save_model writes it. */
const FULL = `
artifact_path: model
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_session_options:
      execution_mode: sequential
      graph_optimization_level: 99
      inter_op_num_threads: 1
      intra_op_num_threads: 2
      extra_session_config:
        session.set_denormal_as_zero: '1'
        ep.context_file_path: /tmp/x
    onnx_version: 1.14.1
    providers:
    - CUDAExecutionProvider
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env: { conda: conda.yaml, virtualenv: python_env.yaml }
    loader_module: mlflow.onnx
mlflow_version: 2.9.2
model_size_bytes: 1212
model_uuid: 0d0d
run_id: 7
signature:
  inputs: '${JSON.stringify([tensor('x', 'float32', [-1, 4]), tensor('names', 'object', [-1])])}'
  outputs: '${JSON.stringify([tensor('y', 'float32', [-1, 1])])}'
  params: null
utc_time_created: '2024-01-02 03:04:05.000000'
`;

describe("MLflow's MLmodel", () => {
  it('gives the file, the session options and the inputs, and says the rest', async () => {
    const { config, modelFile } = await configFromMlModel(FULL);
    expect(modelFile).toBe('model.onnx');
    expect(config).toEqual({
      source: 'MLmodel',
      inputs: [
        { name: 'x', datatype: 'FP32', dims: [-1, 4] },
        { name: 'names', datatype: 'BYTES', dims: [-1] },
      ],
      runner: {
        intraOpNumThreads: 2,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: 'all',
        session: { extra: { 'session.set_denormal_as_zero': '1' } },
      },
      ignored: [
        "signature.outputs: the ONNX file's own outputs are served",
        'flavors.onnx.providers "CUDAExecutionProvider": models run on the CPU',
        `flavors.onnx.onnx_session_options "ep.context_file_path": not one of the session entries that a store's file may set`,
      ],
    });
  });

  it('says that columns and nameless tensors tell nothing of the ONNX file', async () => {
    const columns = JSON.stringify([{ type: 'double', name: 'a' }]);
    const { config, modelFile } = await configFromMlModel(
      `flavors: { onnx: { data: artifacts/net/ } }\nsignature: { inputs: '${columns}' }`,
    );
    expect(modelFile).toBe('artifacts/net');
    expect(config).toEqual({ source: 'MLmodel', ignored: [expect.stringMatching(/^signature\.inputs: columns/)] });
  });

  it.each([
    [
      'flavors: { sklearn: {}, python_function: {} }',
      'MLmodel: it has no flavor onnx (it has: sklearn, python_function)',
    ],
    ['', 'it has no flavor onnx (it has: none)'],
    ['flavors: { onnx: { data: ../../x.onnx } }', 'flavors.onnx.data: "../../x.onnx" is refused'],
    ['flavors: { onnx: { data: /x.onnx } }', 'flavors.onnx.data: '],
    [
      'flavors: { onnx: { onnx_session_options: { execution_mode: fast } } }',
      'execution_mode: it must be sequential or parallel',
    ],
    ['flavors: { onnx: { onnx_session_options: { graph_optimization_level: 7 } } }', 'it must be 0, 1, 2, 3 or 99'],
    [
      'flavors: { onnx: { onnx_session_options: { intra_op_num_threads: many } } }',
      'intra_op_num_threads: it must be a whole number',
    ],
    ["flavors: { onnx: {} }\nsignature: { inputs: 'x' }", 'signature.inputs: it must be a JSON list'],
    ['flavors: [onnx]', 'flavors: it must be a mapping'],
    ['{', 'MLmodel:'],
  ])('refuses %j', async (text, message) => {
    await expect(configFromMlModel(text)).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_CONFIG',
      message: expect.stringContaining(message) as string,
    });
  });
});
