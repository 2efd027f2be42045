import { list, map, message, oneOf, OPAQUE } from '../pbtxt/message-type.js';

/**
 * Triton's ModelConfig by the names of its fields, so that the text and the JSON form can be read and checked; from the
 * public protocol definition (model_config.proto of triton-inference-server/common).
 */
const DATA_TYPE = oneOf(
  'TYPE_INVALID',
  'TYPE_BOOL',
  'TYPE_UINT8',
  'TYPE_UINT16',
  'TYPE_UINT32',
  'TYPE_UINT64',
  'TYPE_INT8',
  'TYPE_INT16',
  'TYPE_INT32',
  'TYPE_INT64',
  'TYPE_FP16',
  'TYPE_FP32',
  'TYPE_FP64',
  'TYPE_STRING',
  'TYPE_BF16',
);

const RESHAPE = message({ shape: list('int64') });

const INPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  format: oneOf('FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW'),
  dims: list('int64'),
  reshape: RESHAPE,
  is_shape_tensor: 'bool',
  allow_ragged_batch: 'bool',
  optional: 'bool',
  is_non_linear_format_io: 'bool',
});

const OUTPUT = message({
  name: 'string',
  data_type: DATA_TYPE,
  dims: list('int64'),
  reshape: RESHAPE,
  label_filename: 'string',
  is_shape_tensor: 'bool',
  is_non_linear_format_io: 'bool',
});

const VERSION_POLICY = message({
  latest: message({ num_versions: 'uint32' }),
  all: message({}),
  specific: message({ versions: list('int64') }),
});

const QUEUE_POLICY = message({
  timeout_action: oneOf('REJECT', 'DELAY'),
  default_timeout_microseconds: 'uint64',
  allow_timeout_override: 'bool',
  max_queue_size: 'uint32',
});

const DYNAMIC_BATCHING = message({
  preferred_batch_size: list('int32'),
  max_queue_delay_microseconds: 'uint64',
  preserve_ordering: 'bool',
  priority_levels: 'uint64',
  default_priority_level: 'uint64',
  default_queue_policy: QUEUE_POLICY,
  priority_queue_policy: map(QUEUE_POLICY),
});

const INSTANCE_GROUP = message({
  name: 'string',
  kind: oneOf('KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL'),
  count: 'int32',
  rate_limiter: OPAQUE,
  gpus: list('int32'),
  secondary_devices: list(OPAQUE),
  profile: list('string'),
  passive: 'bool',
  host_policy: 'string',
});

const ACCELERATOR = message({ name: 'string', parameters: map('string') });

const OPTIMIZATION = message({
  graph: message({ level: 'int32' }),
  priority: oneOf('PRIORITY_DEFAULT', 'PRIORITY_MAX', 'PRIORITY_MIN'),
  cuda: OPAQUE,
  execution_accelerators: message({
    gpu_execution_accelerator: list(ACCELERATOR),
    cpu_execution_accelerator: list(ACCELERATOR),
  }),
  input_pinned_memory: OPAQUE,
  output_pinned_memory: OPAQUE,
  gather_kernel_buffer_threshold: 'uint32',
  eager_batching: 'bool',
});

const WARMUP = message({
  name: 'string',
  batch_size: 'uint32',
  inputs: map(
    message({
      data_type: DATA_TYPE,
      dims: list('int64'),
      zero_data: 'bool',
      random_data: 'bool',
      input_data_file: 'string',
    }),
  ),
  count: 'uint32',
});

export const MODEL_CONFIG = message({
  name: 'string',
  platform: 'string',
  backend: 'string',
  runtime: 'string',
  version_policy: VERSION_POLICY,
  max_batch_size: 'int32',
  input: list(INPUT),
  output: list(OUTPUT),
  batch_input: list(OPAQUE),
  batch_output: list(OPAQUE),
  optimization: OPTIMIZATION,
  dynamic_batching: DYNAMIC_BATCHING,
  sequence_batching: OPAQUE,
  ensemble_scheduling: OPAQUE,
  instance_group: list(INSTANCE_GROUP),
  default_model_filename: 'string',
  cc_model_filenames: map('string'),
  metric_tags: map('string'),
  parameters: map(message({ string_value: 'string' })),
  model_warmup: list(WARMUP),
  model_operations: OPAQUE,
  model_transaction_policy: message({ decoupled: 'bool' }),
  model_repository_agents: OPAQUE,
  response_cache: message({ enable: 'bool' }),
  model_metrics: OPAQUE,
});
