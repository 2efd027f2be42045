import type { ModelBatchOptions } from '../../../module/model-options.js';
import { MAX_BATCH_ROWS, MAX_DELAY_MS, MAX_WARM_UP_ROWS, MAX_WARM_UPS } from '../config/limits.js';
import type { TritonBatching, TritonConfig, TritonQueuePolicy, TritonReading, TritonWarmUp } from './triton-config.js';

/** How a ModelConfig has batches formed; `undefined` where it says nothing of them. */
export function readBatching(config: TritonConfig, reading: TritonReading): ModelBatchOptions | undefined {
  const { max_batch_size: maxBatchSize = 0, dynamic_batching: batching } = config;
  if (maxBatchSize < 0) reading.fail(`max_batch_size is ${maxBatchSize}: it must be 0 or more`);
  if (maxBatchSize > MAX_BATCH_ROWS) {
    reading.ignore(`max_batch_size: batches are formed up to ${MAX_BATCH_ROWS} rows; larger requests are split`);
  }
  if (batching) sayIgnored(batching, reading);
  if (maxBatchSize === 0 && config.max_batch_size === 0) {
    if (batching) reading.ignore('dynamic_batching: max_batch_size is 0');
    return undefined;
  }
  const options: ModelBatchOptions = {
    ...(maxBatchSize > 0 && { maxRows: Math.min(maxBatchSize, MAX_BATCH_ROWS) }),
    ...(batching && delayOf(batching, reading)),
    ...(batching && queueOf(batching.default_queue_policy, reading)),
  };
  return Object.keys(options).length > 0 ? options : undefined;
}

function delayOf(
  { max_queue_delay_microseconds: delayUs = 0 }: TritonBatching,
  reading: TritonReading,
): ModelBatchOptions {
  const maxDelayMs = delayUs / 1000;
  if (maxDelayMs > MAX_DELAY_MS)
    reading.fail(`dynamic_batching.max_queue_delay_microseconds is ${delayUs}: it is too long for a timer`);
  return delayUs > 0 ? { maxDelayMs } : {};
}

function queueOf(policy: TritonQueuePolicy | undefined, { ignore }: TritonReading): ModelBatchOptions {
  const { max_queue_size: maxQueueRows = 0 } = policy ?? {};
  if (policy?.default_timeout_microseconds) {
    ignore(
      "dynamic_batching.default_queue_policy.default_timeout_microseconds: a request's own deadline or `timeout` applies",
    );
  }
  if (policy?.timeout_action === 'DELAY') {
    ignore('dynamic_batching.default_queue_policy.timeout_action: what is too late is refused');
  }
  if (policy?.allow_timeout_override === false) {
    ignore('dynamic_batching.default_queue_policy.allow_timeout_override: a request may always say how long it waits');
  }
  if (maxQueueRows === 0) return {};
  ignore('dynamic_batching.default_queue_policy.max_queue_size: it applies to rows, not to requests');
  return { maxQueueRows };
}

function sayIgnored(batching: TritonBatching, { ignore }: TritonReading): void {
  if (batching.preferred_batch_size?.length) {
    ignore('dynamic_batching.preferred_batch_size: a free runner takes what waits, whatever its number');
  }
  if (batching.preserve_ordering) ignore('dynamic_batching.preserve_ordering: every request has an answer of its own');
  if (batching.priority_levels || batching.default_priority_level) {
    ignore(
      'dynamic_batching.priority_levels: every model takes the priorities of requests; there are no levels to declare',
    );
  }
  if (batching.priority_queue_policy?.size) {
    ignore('dynamic_batching.priority_queue_policy: all priorities share one queue bound');
  }
}

/** Row counts of `model_warmup`. */
export function readWarmUps(
  { max_batch_size: maxBatchSize = 0, model_warmup: warmUps = [] }: TritonConfig,
  reading: TritonReading,
): readonly number[] | undefined {
  const limit = maxBatchSize > 0 ? Math.min(maxBatchSize, MAX_WARM_UP_ROWS) : MAX_WARM_UP_ROWS;
  const rows = new Set<number>();
  for (const warmUp of warmUps) {
    const { batch_size: count = 0 } = warmUp;
    sayBlank(warmUp, reading);
    if (count > limit) reading.fail(`model_warmup has batch_size ${count}: ${limit} is the most`);
    if (count > 0) rows.add(count);
    else reading.ignore('model_warmup without batch_size: every load runs the model once anyway');
  }
  const ascending = [...rows].sort((a, b) => a - b);
  if (ascending.length > MAX_WARM_UPS) reading.ignore(`model_warmup: only the first ${MAX_WARM_UPS} sizes are used`);
  return ascending.length > 0 ? ascending.slice(0, MAX_WARM_UPS) : undefined;
}

function sayBlank({ inputs, count }: TritonWarmUp, { ignore }: TritonReading): void {
  const isData = [...(inputs?.values() ?? [])].some((input) => input.random_data || input.input_data_file);
  if (isData) ignore('model_warmup.inputs: the warm-up runs blank rows');
  if (count !== undefined && count > 1)
    ignore('model_warmup.count: each size is run as often as its time needs to be known');
}
