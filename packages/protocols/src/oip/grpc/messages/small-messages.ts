import {
  bytes,
  flag,
  list,
  map,
  member,
  message,
  type MessageTable,
  text,
  whole,
} from '../../../wire/message-table.js';
import { MODEL_CONFIG } from './model-config.js';

// Every message of the service but those with tensors.

const LIVE = { live: flag(1) };
const READY = { ready: flag(1) };
const MODEL = { name: text(1), version: text(2) };

const TENSOR_METADATA = { name: text(1), datatype: text(2), shape: list(whole(3)) };

const DURATION = { count: whole(1), ns: whole(2) };

const INFER_STATISTICS = {
  success: message(1, DURATION),
  fail: message(2, DURATION),
  queue: message(3, DURATION),
  compute_input: message(4, DURATION),
  compute_infer: message(5, DURATION),
  compute_output: message(6, DURATION),
  cache_hit: message(7, DURATION),
  cache_miss: message(8, DURATION),
};

const BATCH_STATISTICS = {
  batch_size: whole(1),
  compute_input: message(2, DURATION),
  compute_infer: message(3, DURATION),
  compute_output: message(4, DURATION),
};

const MODEL_STATISTICS = {
  name: text(1),
  version: text(2),
  last_inference: whole(3),
  inference_count: whole(4),
  execution_count: whole(5),
  inference_stats: message(6, INFER_STATISTICS),
  batch_stats: list(message(7, BATCH_STATISTICS)),
};

const REPOSITORY_PARAMETER = {
  bool_param: member(flag(1)),
  int64_param: member(whole(2)),
  string_param: member(text(3)),
  bytes_param: member(bytes(4)),
};

const REPOSITORY_ORDER = {
  repository_name: text(1),
  model_name: text(2),
  parameters: map(3, message(2, REPOSITORY_PARAMETER)),
};

const TRACE_VALUE = { value: list(text(1)) };
const LOG_VALUE = { bool_param: member(flag(1)), uint32_param: member(whole(2)), string_param: member(text(3)) };
const LOG_SETTINGS = { settings: map(1, message(2, LOG_VALUE)) };

/** What a message of this name looks like; those that are not here have no fields, or tensors. */
export const MESSAGES = {
  ServerLiveResponse: LIVE,
  ServerReadyResponse: READY,
  ModelReadyRequest: MODEL,
  ModelReadyResponse: READY,
  ServerMetadataResponse: { name: text(1), version: text(2), extensions: list(text(3)) },
  ModelMetadataRequest: MODEL,
  ModelMetadataResponse: {
    name: text(1),
    versions: list(text(2)),
    platform: text(3),
    inputs: list(message(4, TENSOR_METADATA)),
    outputs: list(message(5, TENSOR_METADATA)),
  },
  ModelConfigRequest: MODEL,
  ModelConfigResponse: { config: message(1, MODEL_CONFIG) },
  ModelStatisticsRequest: MODEL,
  ModelStatisticsResponse: { model_stats: list(message(1, MODEL_STATISTICS)) },
  RepositoryIndexRequest: { repository_name: text(1), ready: flag(2) },
  RepositoryIndexResponse: {
    models: list(message(1, { name: text(1), version: text(2), state: text(3), reason: text(4) })),
  },
  RepositoryModelLoadRequest: REPOSITORY_ORDER,
  RepositoryModelUnloadRequest: REPOSITORY_ORDER,
  TraceSettingRequest: { settings: map(1, message(2, TRACE_VALUE)), model_name: text(2) },
  TraceSettingResponse: { settings: map(1, message(2, TRACE_VALUE)) },
  LogSettingsRequest: LOG_SETTINGS,
  LogSettingsResponse: LOG_SETTINGS,
} as const satisfies Readonly<Record<string, MessageTable>>;

/** A message without fields. */
export const EMPTY: MessageTable = {};

/** KServe's answers to load and unload: its messages are the protocol's by name, and not by their fields. */
export const KSERVE_LOADED: MessageTable = { model_name: text(1), isLoaded: flag(2) };
export const KSERVE_UNLOADED: MessageTable = { model_name: text(1), isUnloaded: flag(2) };
