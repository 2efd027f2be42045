import type { DurationStatistic, ModelStatistics } from '@witan/inference';
import type { OipServer } from '../infer-types.js';

const NONE: DurationStatistic = { count: 0, ns: 0 };

/** Triton's form of the statistics. What is not counted here (a response cache, memory by device) is 0 or empty. */
export function statisticsJson(all: ReturnType<OipServer['statistics']>): object {
  return { model_stats: all.map(({ name, version, statistics }) => modelStats(name, version, statistics)) };
}

function modelStats(name: string, version: string, statistics: ModelStatistics): object {
  const { success, fail, queue, computeInput, computeInfer, computeOutput } = statistics;
  return {
    name,
    version,
    last_inference: statistics.lastInferenceMs,
    inference_count: statistics.inferenceCount,
    execution_count: statistics.executionCount,
    inference_stats: {
      success: duration(success),
      fail: duration(fail),
      queue: duration(queue),
      compute_input: duration(computeInput),
      compute_infer: duration(computeInfer),
      compute_output: duration(computeOutput),
      cache_hit: NONE,
      cache_miss: NONE,
    },
    batch_stats: statistics.batches.map((batch) => ({
      batch_size: batch.batchSize,
      compute_input: duration(batch.computeInput),
      compute_infer: duration(batch.computeInfer),
      compute_output: duration(batch.computeOutput),
    })),
    memory_usage: [],
    response_stats: {},
  };
}

function duration({ count, ns }: DurationStatistic): DurationStatistic {
  return { count, ns: Math.round(ns) };
}
