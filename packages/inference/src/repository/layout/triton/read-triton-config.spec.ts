import { WitanError } from '@witan/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configFromJson, configFromText } from './read-triton-config.js';

const FULL = `
# Everything that applies.
name: "fraud"
platform: "onnxruntime_onnx"
backend: "onnxruntime"
max_batch_size: 32
input [
  { name: "x" data_type: TYPE_FP32 dims: [ 16 ] },
  { name: "country" data_type: TYPE_STRING dims: [ -1 ] }
]
output { name: "score" data_type: TYPE_FP32 dims: 2 label_filename: "labels.txt" }
version_policy: { latest { num_versions: 3 } }
dynamic_batching {
  max_queue_delay_microseconds: 1500
  default_queue_policy { max_queue_size: 100 }
}
instance_group [ { count: 2 kind: KIND_CPU }, { count: 1 } ]
optimization { graph { level: 1 } }
parameters { key: "intra_op_thread_count" value: { string_value: "2" } }
parameters [
  { key: "execution_mode" value: { string_value: "1" } },
  { key: "enable_mem_arena" value { string_value: "0" } },
  { key: "session.set_denormal_as_zero" value { string_value: "1" } },
  { key: "team" value: { string_value: "risk" } }
]
model_warmup [ { name: "b" batch_size: 32 inputs { key: "x" value: { data_type: TYPE_FP32 dims: 16 zero_data: true } } }, { name: "a" batch_size: 8 } ]
`;

const EXPECTED = {
  maxBatchSize: 32,
  inputs: [
    { name: 'x', datatype: 'FP32', dims: [16] },
    { name: 'country', datatype: 'BYTES', dims: [-1] },
  ],
  outputs: [{ name: 'score', datatype: 'FP32', dims: [2], labelFile: 'labels.txt' }],
  batch: { maxRows: 32, maxDelayMs: 1.5, maxQueueRows: 100 },
  versionPolicy: { kind: 'latest', count: 3 },
  runner: {
    threads: 3,
    graphOptimizationLevel: 'extended',
    intraOpNumThreads: 2,
    executionMode: 'parallel',
    session: { enableCpuMemArena: false, extra: { 'session.set_denormal_as_zero': '1' } },
  },
  warmUpRows: [8, 32],
  parameters: {
    intra_op_thread_count: '2',
    execution_mode: '1',
    enable_mem_arena: '0',
    'session.set_denormal_as_zero': '1',
    team: 'risk',
  },
  ignored: ['dynamic_batching.default_queue_policy.max_queue_size: it applies to rows, not to requests'],
};

const read = (text: string) => configFromText(text).config;

describe("Triton's config.pbtxt", () => {
  it('is mapped, all that applies', () => {
    expect(configFromText(FULL)).toMatchObject({ name: 'fraud' });
    expect(read(FULL)).toEqual({ source: 'config.pbtxt', ...EXPECTED });
  });

  it('means the same as JSON, with names in either case and numbers as texts', () => {
    const json = {
      name: 'fraud',
      platform: 'onnxruntime_onnx',
      maxBatchSize: 32,
      input: [
        { name: 'x', data_type: 'TYPE_FP32', dims: ['16'] },
        { name: 'country', dataType: 13, dims: [-1] },
      ],
      output: [{ name: 'score', data_type: 'TYPE_FP32', dims: [2], label_filename: 'labels.txt' }],
      version_policy: { latest: { num_versions: 3 } },
      dynamic_batching: { max_queue_delay_microseconds: '1500', default_queue_policy: { max_queue_size: 100 } },
      instance_group: [{ count: 2, kind: 'KIND_CPU', gpus: [] }, { count: 1 }],
      optimization: { graph: { level: 1 }, cuda: null },
      parameters: Object.fromEntries(Object.entries(EXPECTED.parameters).map(([k, v]) => [k, { string_value: v }])),
      model_warmup: [{ batch_size: 32 }, { batch_size: 8 }],
    };
    expect(configFromJson(JSON.stringify(json), 'fraud')).toEqual({ source: 'override', ...EXPECTED });
  });

  it.each([
    [
      'preferred_batch_size',
      'dynamic_batching { preferred_batch_size: [ 4, 8 ] }',
      'dynamic_batching.preferred_batch_size: ',
    ],
    ['preserve_ordering', 'dynamic_batching { preserve_ordering: true }', 'dynamic_batching.preserve_ordering: '],
    [
      'priorities',
      'dynamic_batching { priority_levels: 2 default_priority_level: 1 }',
      'dynamic_batching.priority_levels: ',
    ],
    [
      'priority queues',
      'dynamic_batching { priority_queue_policy { key: 1 value { max_queue_size: 2 } } }',
      'dynamic_batching.priority_queue_policy: ',
    ],
    [
      'queue timeout',
      'dynamic_batching { default_queue_policy { default_timeout_microseconds: 100 } }',
      'dynamic_batching.default_queue_policy.default_timeout_microseconds: ',
    ],
    [
      'queue action',
      'dynamic_batching { default_queue_policy { timeout_action: DELAY } }',
      'dynamic_batching.default_queue_policy.timeout_action: ',
    ],
    [
      'no override',
      'dynamic_batching { default_queue_policy { allow_timeout_override: false } }',
      'dynamic_batching.default_queue_policy.allow_timeout_override: ',
    ],
    ['GPU instances', 'instance_group { kind: KIND_GPU count: 4 gpus: [0] }', 'instance_group.kind KIND_GPU: '],
    ['model instances', 'instance_group { kind: KIND_MODEL }', 'instance_group.kind KIND_MODEL: '],
    [
      'rate limiter',
      'instance_group { rate_limiter { priority: 2 resources { name: "R" } } }',
      'instance_group.rate_limiter: ',
    ],
    ['host policy', 'instance_group { host_policy: "numa" }', 'instance_group.host_policy: '],
    ['cuda', 'optimization { cuda { graphs: true } }', 'optimization.cuda: '],
    [
      'tensorrt',
      'optimization { execution_accelerators { gpu_execution_accelerator : [ { name : "tensorrt" } ] } }',
      'optimization.execution_accelerators "tensorrt": ',
    ],
    [
      'openvino',
      'optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }',
      'optimization.execution_accelerators "openvino": ',
    ],
    ['pinned memory', 'optimization { input_pinned_memory { enable: true } }', 'optimization.*_pinned_memory: '],
    ['priority', 'optimization { priority: PRIORITY_MAX }', 'optimization.priority: '],
    ['graph level', 'optimization { graph { level: 7 } }', 'optimization.graph.level 7: '],
    ['response cache', 'response_cache { enable: true }', 'response_cache: '],
    ['operations', 'model_operations { op_library_filename: "x.so" }', 'model_operations: '],
    ['agents', 'model_repository_agents { agents [ { name: "checksum" } ] }', 'model_repository_agents: '],
    ['metric tags', 'metric_tags { key: "a" value: "b" }', 'metric_tags: '],
    ['metrics', 'model_metrics { metric_control [ { metric_identifier { family: "f" } } ] }', 'model_metrics: '],
    ['cc files', 'cc_model_filenames { key: "7.5" value: "x" }', 'cc_model_filenames: '],
    [
      'warm-up data',
      'model_warmup { batch_size: 1 inputs { key: "x" value { random_data: true } } count: 9 }',
      'model_warmup.inputs: ',
    ],
    ['reshape', 'input { name: "x" data_type: TYPE_FP32 dims: 1 reshape { shape: [] } }', 'input "x".reshape: '],
    ['format', 'input { name: "x" data_type: TYPE_FP32 dims: 1 format: FORMAT_NCHW }', 'input "x".format: '],
    ['optional', 'input { name: "x" data_type: TYPE_FP32 dims: 1 optional: true }', 'input "x".optional: '],
    [
      'ragged',
      'input { name: "x" data_type: TYPE_FP32 dims: 1 allow_ragged_batch: true }',
      'input "x".allow_ragged_batch: ',
    ],
    ['GPU memory', 'parameters { key: "gpu_mem_limit" value { string_value: "1" } }', 'parameters["gpu_mem_limit"]: '],
    [
      'session entries with files',
      'parameters { key: "session.x_file_path" value { string_value: "/etc/x" } }',
      'parameters["session.x_file_path"]: ',
    ],
    ['unknown fields', 'input { name: "x" data_type: TYPE_FP32 dims: 1 colour: RED }', 'input.colour: no such field'],
    ['unknown fields of entries', 'parameters { key: "a" valeu { } }', 'parameters.valeu: no such field'],
  ])('says what does not apply: %s', (_, text, beginning) => {
    expect(read(text).ignored.filter((each) => each.startsWith(beginning))).toHaveLength(1);
  });

  it('does not let KIND_GPU, a single instance or thread counts of 0 change the runner', () => {
    const zero = 'parameters { key: "intra_op_thread_count" value { string_value: "0" } }';
    expect(read(`instance_group { kind: KIND_GPU count: 4 } instance_group { count: 1 } ${zero}`)).not.toHaveProperty(
      'runner',
    );
  });

  it('takes a reshape for the model’s own shape', () => {
    const text = 'input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ 4, -1 ] } }';
    expect(read(text).inputs).toEqual([{ name: 'x', datatype: 'FP32', dims: [4, -1] }]);
  });

  it.each([
    ['max_batch_size: 0', { maxBatchSize: 0 }],
    ['max_batch_size: 0 dynamic_batching { max_queue_delay_microseconds: 5 }', { maxBatchSize: 0 }],
    ['max_batch_size: 100000', { maxBatchSize: 100_000, batch: { maxRows: 8192 } }],
    ['version_policy { all {} }', { versionPolicy: { kind: 'all' } }],
    ['version_policy { latest {} }', { versionPolicy: { kind: 'latest', count: 1 } }],
    [
      'version_policy: { specific: { versions: [ 3, 1 ] } }',
      { versionPolicy: { kind: 'specific', versions: ['3', '1'] } },
    ],
    ['optimization { graph { level: -1 } }', { runner: { graphOptimizationLevel: 'basic' } }],
    ['optimization { graph { level: 2 } }', { runner: { graphOptimizationLevel: 'disabled' } }],
    ['', {}],
  ])('reads %j', (text, expected) => {
    const { ignored, source, ...rest } = read(text);
    expect(rest).toEqual(expected);
    expect(source).toBe('config.pbtxt');
    expect(Array.isArray(ignored)).toBe(true);
  });

  it.each([
    ['backend: "python"', /backend "python": only onnxruntime/],
    ['platform: "tensorflow_savedmodel"', /platform "tensorflow_savedmodel"/],
    ['ensemble_scheduling { step [ { model_name: "a" } ] }', /ensembles are not served/],
    ['platform: "ensemble"', /ensembles are not served/],
    ['sequence_batching { oldest { } }', /sequence_batching/],
    ['batch_input { kind: BATCH_ELEMENT_COUNT }', /batch_input/],
    ['model_transaction_policy { decoupled: true }', /decoupled/],
    ['max_batch_size: -1', /max_batch_size is -1/],
    ['max_batch_size: "8"', /config\.pbtxt:1:17: max_batch_size takes a number \(int32\), not "8"/],
    ['max_batch_size: 1.5', /takes a number/],
    ['max_batch_size: 4294967296', /takes a number/],
    ['max_batch_size: 1\nmax_batch_size: 2', /config\.pbtxt:2:1: max_batch_size is given twice/],
    ['name: fraud', /config\.pbtxt:1:7: name takes a string, not "fraud"/],
    ['input: 3', /input takes a message/],
    ['input { dims: 1 }', /an input has no name/],
    ['input { name: "x" dims: 1 }', /no data_type/],
    [
      'input { name: "x" data_type: TYPE_FP31 dims: 1 }',
      /input\.data_type takes one of TYPE_INVALID, .*, not "TYPE_FP31"/,
    ],
    ['input { name: "x" data_type: TYPE_FP32 }', /no dims/],
    ['input { name: "x" data_type: TYPE_FP32 dims: [ 0 ] }', /dims \[0\]/],
    [
      'input [ { name: "x" data_type: TYPE_FP32 dims: 1 }, { name: "x" data_type: TYPE_FP32 dims: 1 } ]',
      /declared twice/,
    ],
    [
      'output { name: "x" data_type: TYPE_FP32 dims: 1 label_filename: "../../etc/passwd" }',
      /label_filename "\.\.\/\.\.\/etc\/passwd"/,
    ],
    ['default_model_filename: "../x.onnx"', /default_model_filename/],
    ['default_model_filename: "a/b.onnx"', /default_model_filename/],
    ['version_policy { all {} latest {} }', /more than one/],
    ['version_policy { specific { } }', /names no version/],
    ['version_policy { specific { versions: 0 } }', /version 0/],
    ['instance_group { count: 5000 }', /5000 instances/],
    ['instance_group { count: -1 }', /instance_group\.count is -1/],
    ['max_batch_size: 4 model_warmup { batch_size: 5 }', /batch_size 5: 4 is the most/],
    ['model_warmup { batch_size: 4000000000 }', /is the most/],
    ['parameters { key: "intra_op_thread_count" value { string_value: "many" } }', /"many"/],
    ['parameters { key: "execution_mode" value { string_value: "2" } }', /0 or 1/],
    ['parameters { value { string_value: "2" } }', /an entry without a key/],
  ])('refuses %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'INF_ERR_MODEL_CONFIG' }) as Error);
  });

  it.each([
    ['{', /it is no JSON/],
    ['[]', /it takes an object, not "\[\]"/],
    ['{"max_batch_size": "x"}', /max_batch_size takes a number/],
    ['{"input": {}}', /input takes a list/],
    ['{"input": [{"name": 3}]}', /input\[0\]\.name takes a string/],
    ['{"name": "other"}', /name is "other", and the model is called "fraud"/],
    [`{"name": "${'x'.repeat(1 << 20)}"}`, /longer than 1048576/],
  ])('refuses the JSON %.40j', (text, message) => {
    expect(() => configFromJson(text, 'fraud')).toThrow(message);
  });

  it('lets no name in a file reach into JavaScript’s own objects', () => {
    const entries = ['__proto__', 'constructor', 'toString'].map(
      (key) => `parameters { key: "${key}" value { string_value: "x" } }`,
    );
    const { parameters } = read(entries.join('\n'));
    expect(Object.entries(parameters!)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'x'],
      ['toString', 'x'],
    ]);
    expect(read('constructor: 1 __proto__ { a: 1 }').ignored).toHaveLength(2);
    expect(configFromJson('{"__proto__": {"max_batch_size": 3}}')).not.toHaveProperty('maxBatchSize');
    expect(({} as Record<string, unknown>)['string_value']).toBeUndefined();
  });

  it('keeps a bounded list of what nobody knows', () => {
    const { ignored } = read(Array.from({ length: 5000 }, (_, i) => `field${i}: 1`).join('\n'));
    expect(ignored).toHaveLength(101);
    expect(ignored.at(-1)).toBe('and 4900 more');
  });

  it('gives a configuration or its own error for any change of a valid file', () => {
    const change = fc.tuple(
      fc.nat(FULL.length),
      fc.nat(20),
      fc.constantFrom('', '{', '}', '"', '[', ':', '-', '0', '\n', 'x', '\0'),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce((all, [at, cut, put]) => all.slice(0, at) + put + all.slice(at + cut), FULL);
        try {
          expect(read(text).source).toBe('config.pbtxt');
        } catch (error) {
          expect(WitanError.is(error) && error.code).toBe('INF_ERR_MODEL_CONFIG');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
