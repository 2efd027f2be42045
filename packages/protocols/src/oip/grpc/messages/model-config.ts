import {
  choice,
  flag,
  list,
  map,
  member,
  message,
  type MessageTable,
  text,
  whole,
} from '../../../wire/message-table.js';

// The parts of Triton's ModelConfig that say something of a model that is served here.

const DATA_TYPE = [
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
];

const RESHAPE = { shape: list(whole(1)) };

const INPUT = {
  name: text(1),
  data_type: choice(2, DATA_TYPE),
  format: choice(3, ['FORMAT_NONE', 'FORMAT_NHWC', 'FORMAT_NCHW']),
  dims: list(whole(4)),
  reshape: message(5, RESHAPE),
  is_shape_tensor: flag(6),
  allow_ragged_batch: flag(7),
  optional: flag(8),
};

const OUTPUT = {
  name: text(1),
  data_type: choice(2, DATA_TYPE),
  dims: list(whole(3)),
  label_filename: text(4),
  reshape: message(5, RESHAPE),
  is_shape_tensor: flag(6),
};

const VERSION_POLICY = {
  latest: member(message(1, { num_versions: whole(1) })),
  all: member(message(2, {})),
  specific: member(message(3, { versions: list(whole(1)) })),
};

const QUEUE_POLICY = {
  timeout_action: choice(1, ['REJECT', 'DELAY']),
  default_timeout_microseconds: whole(2),
  allow_timeout_override: flag(3),
  max_queue_size: whole(4),
};

const DYNAMIC_BATCHING = {
  preferred_batch_size: list(whole(1)),
  max_queue_delay_microseconds: whole(2),
  preserve_ordering: flag(3),
  priority_levels: whole(4),
  default_priority_level: whole(5),
  default_queue_policy: message(6, QUEUE_POLICY),
};

const INSTANCE_GROUP = {
  name: text(1),
  count: whole(2),
  gpus: list(whole(3)),
  kind: choice(4, ['KIND_AUTO', 'KIND_GPU', 'KIND_CPU', 'KIND_MODEL']),
};

const WARM_UP_INPUT = {
  data_type: choice(1, DATA_TYPE),
  dims: list(whole(2)),
  zero_data: member(flag(3)),
  random_data: member(flag(4)),
  input_data_file: member(text(5)),
};

const WARM_UP = {
  name: text(1),
  batch_size: whole(2),
  inputs: map(3, message(2, WARM_UP_INPUT)),
  count: whole(4),
};

/** Triton's ModelConfig, as `tritonConfigOf` makes it. */
export const MODEL_CONFIG: MessageTable = {
  name: text(1),
  platform: text(2),
  version_policy: message(3, VERSION_POLICY),
  max_batch_size: whole(4),
  input: list(message(5, INPUT)),
  output: list(message(6, OUTPUT)),
  instance_group: list(message(7, INSTANCE_GROUP)),
  default_model_filename: text(8),
  dynamic_batching: member(message(11, DYNAMIC_BATCHING)),
  parameters: map(14, message(2, { string_value: text(1) })),
  model_warmup: list(message(16, WARM_UP)),
  backend: text(17),
};
