import type { RunnerOptions } from '../../../runner/runner-options.js';
import { MAX_THREADS } from '../config/limits.js';
import { addSessionEntry, addSessionOption, type RunnerDraft } from '../config/session-entries.js';
import { quoted } from '../names.js';
import type { TritonConfig, TritonInstanceGroup, TritonOptimization, TritonReading } from './triton-config.js';

/** Instances, optimization and the parameters that Triton's onnxruntime backend knows; `undefined` where none is given. */
export function readRunner(config: TritonConfig, reading: TritonReading): RunnerOptions | undefined {
  const draft: RunnerDraft = {};
  const threads = threadsOf(config.instance_group ?? [], reading);
  if (threads !== undefined) draft.threads = threads;
  if (config.optimization) readOptimization(draft, config.optimization, reading);
  for (const [key, { string_value: value = '' }] of config.parameters ?? [])
    readParameter(draft, key, value.trim(), reading);
  return Object.keys(draft).length > 0 ? draft : undefined;
}

/** One instance is what every model has; a worker of its own is given to one that asks for more. */
function threadsOf(groups: readonly TritonInstanceGroup[], reading: TritonReading): number | undefined {
  let count = 0;
  for (const group of groups) {
    sayIgnored(group, reading);
    if (group.kind === 'KIND_GPU')
      reading.ignore('instance_group.kind KIND_GPU: models run on the CPU; its count does not apply');
    else if (group.kind === 'KIND_MODEL')
      reading.ignore('instance_group.kind KIND_MODEL: it is Witan that places instances');
    else if (group.passive) reading.ignore('instance_group.passive: the group is left out');
    else count += countOf(group, reading);
  }
  if (count > MAX_THREADS) reading.fail(`instance_group asks for ${count} instances: ${MAX_THREADS} is the most`);
  return count > 1 ? count : undefined;
}

/** Triton takes 0 as "not given". */
function countOf({ count = 1 }: TritonInstanceGroup, reading: TritonReading): number {
  return count >= 0 ? count || 1 : reading.fail(`instance_group.count is ${count}: it must be 0 or more`);
}

function sayIgnored(group: TritonInstanceGroup, { ignore }: TritonReading): void {
  if (group.gpus?.length) ignore('instance_group.gpus: models run on the CPU');
  if (group.rate_limiter) ignore('instance_group.rate_limiter: a runner takes one batch at a time');
  if (group.host_policy) ignore('instance_group.host_policy: threads are not bound to cores');
  if (group.secondary_devices?.length) ignore('instance_group.secondary_devices: models run on the CPU');
  if (group.profile?.length) ignore('instance_group.profile: only TensorRT has profiles');
}

/** As Triton's onnxruntime backend reads `optimization.graph.level`. */
const GRAPH_LEVELS: Readonly<Record<string, RunnerOptions['graphOptimizationLevel']>> = {
  '-1': 'basic',
  0: 'all',
  1: 'extended',
  2: 'disabled',
};

function readOptimization(draft: RunnerDraft, optimization: TritonOptimization, { ignore }: TritonReading): void {
  const { graph, execution_accelerators: accelerators } = optimization;
  const level = GRAPH_LEVELS[graph?.level ?? 0];
  if (graph && level) draft.graphOptimizationLevel = level;
  if (!level) ignore(`optimization.graph.level ${graph?.level}: the levels are -1, 0, 1 and 2`);
  for (const { name = '' } of accelerators?.gpu_execution_accelerator ?? []) {
    ignore(`optimization.execution_accelerators ${quoted(name)}: models run on the CPU`);
  }
  for (const { name = '' } of accelerators?.cpu_execution_accelerator ?? []) {
    ignore(`optimization.execution_accelerators ${quoted(name)}: it is not part of this onnxruntime`);
  }
  if (optimization.cuda) ignore('optimization.cuda: models run on the CPU');
  if (optimization.input_pinned_memory || optimization.output_pinned_memory)
    ignore('optimization.*_pinned_memory: models run on the CPU');
  if (optimization.priority && optimization.priority !== 'PRIORITY_DEFAULT')
    ignore('optimization.priority: models share the cores evenly');
  if (optimization.gather_kernel_buffer_threshold)
    ignore('optimization.gather_kernel_buffer_threshold: models run on the CPU');
  if (optimization.eager_batching) ignore('optimization.eager_batching: a batch is packed when a runner takes it');
}

const THREAD_PARAMETERS = new Map([
  ['intra_op_thread_count', 'intraOpNumThreads'],
  ['inter_op_thread_count', 'interOpNumThreads'],
] as const);
const SWITCHES = new Map([
  ['enable_mem_arena', 'enableCpuMemArena'],
  ['enable_mem_pattern', 'enableMemPattern'],
]);
/** Known to the backend, without a counterpart here. */
const GPU_PARAMETERS = [
  'cudnn_conv_algo_search',
  'gpu_mem_limit',
  'arena_extend_strategy',
  'do_copy_in_default_stream',
];

function readParameter(draft: RunnerDraft, key: string, value: string, reading: TritonReading): void {
  const threads = THREAD_PARAMETERS.get(key as 'intra_op_thread_count');
  const option = SWITCHES.get(key);
  const from = `parameters[${quoted(key)}]`;
  if (threads) readThreads(draft, threads, from, value, reading);
  else if (key === 'execution_mode') draft.executionMode = isOn(from, value, reading) ? 'parallel' : 'sequential';
  else if (option) addSessionOption(draft, option, isOn(from, value, reading));
  else if (key.startsWith('session.') || key.startsWith('optimization.'))
    addSessionEntry(draft, key, value, from, reading.ignore);
  else if (key === 'memory.enable_memory_arena_shrinkage')
    reading.ignore(`${from}: memory returns when a model is unloaded`);
  else if (GPU_PARAMETERS.includes(key)) reading.ignore(`${from}: models run on the CPU`);
}

/** 0 leaves it to onnxruntime in Triton, and to Witan's own division of the cores here. */
function readThreads(
  draft: RunnerDraft,
  option: 'intraOpNumThreads' | 'interOpNumThreads',
  from: string,
  value: string,
  reading: TritonReading,
): void {
  const count = /^\d{1,9}$/.test(value) ? Number(value) : -1;
  if (count < 0 || count > MAX_THREADS)
    reading.fail(`${from} is ${quoted(value)}: a whole number from 0 to ${MAX_THREADS} is expected`);
  if (count > 0) draft[option] = count;
}

function isOn(from: string, value: string, reading: TritonReading): boolean {
  if (value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  return reading.fail(`${from} is ${quoted(value)}: 0 or 1 is expected`);
}
