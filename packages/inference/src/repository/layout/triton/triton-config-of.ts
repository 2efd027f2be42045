import type { BatchAxis, ModelSignature, TensorSpec } from '../../../runner/signature.js';
import type { ModelConfig, VersionPolicy } from '../../model-config.js';
import { datatypeOf, tritonTypeOf } from '../datatypes.js';
import { isNumberedVersion } from '../names.js';

/** Where nothing says how many rows a batch may have. */
const DEFAULT_MAX_ROWS = 64;

/**
 * Triton's ModelConfig of a loaded model, keys as in its proto: what is in force, with the tensors of the ONNX file.
 * `versions` are those that are served: they stand in the policy where the configured one has names that are no numbers.
 */
export function tritonConfigOf(
  name: string,
  config: ModelConfig,
  signature: ModelSignature,
  versions: readonly string[] = [],
): Record<string, unknown> {
  const maxBatchSize = maxBatchSizeOf(config, signature.batch);
  const tensor = (spec: TensorSpec) => ({
    name: spec.name,
    data_type: tritonTypeOf(datatypeOf(spec.dtype)),
    dims: (maxBatchSize > 0 ? spec.dims.slice(1) : spec.dims).map((size) => size ?? -1),
  });
  const labelFiles = new Map(config.outputs?.map((output) => [output.name, output.labelFile]));
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: policyOf(config.versionPolicy, versions),
    max_batch_size: maxBatchSize,
    input: signature.inputs.map((spec) => ({ ...tensor(spec), format: 'FORMAT_NONE' })),
    output: signature.outputs.map((spec) => ({ ...tensor(spec), label_filename: labelFiles.get(spec.name) ?? '' })),
    ...(maxBatchSize > 0 && { dynamic_batching: batchingOf(config) }),
    instance_group: [{ name, kind: 'KIND_CPU', count: config.runner?.threads ?? 1, gpus: [] }],
    default_model_filename: 'model.onnx',
    parameters: Object.fromEntries(
      Object.entries(config.parameters ?? {}).map(([key, value]) => [key, { string_value: value }]),
    ),
    model_warmup: (config.warmUpRows ?? []).map((rows) => warmUpOf(rows, maxBatchSize, signature)),
  };
}

/** Triton's `max_batch_size`: 0 for a model that takes no batches. */
export function maxBatchSizeOf(config: ModelConfig, batch: BatchAxis): number {
  if (batch.kind === 'none') return 0;
  if (batch.kind === 'fixed') return config.maxBatchSize === 0 ? 0 : batch.rows;
  return config.maxBatchSize ?? config.batch?.maxRows ?? DEFAULT_MAX_ROWS;
}

function policyOf(policy: VersionPolicy | undefined, served: readonly string[]): Record<string, unknown> {
  if (policy?.kind === 'all') return { all: {} };
  if (policy?.kind !== 'specific') return { latest: { num_versions: policy?.count ?? 1 } };
  const numbered = policy.versions.every(isNumberedVersion) ? policy.versions : served.filter(isNumberedVersion);
  return { specific: { versions: numbered.map(Number) } };
}

function batchingOf({ batch }: ModelConfig): Record<string, unknown> {
  return {
    preferred_batch_size: [],
    max_queue_delay_microseconds: Math.round((batch?.maxDelayMs ?? 0) * 1000),
    default_queue_policy: { timeout_action: 'REJECT', max_queue_size: batch?.maxQueueRows ?? 0 },
  };
}

function warmUpOf(rows: number, maxBatchSize: number, { inputs }: ModelSignature): Record<string, unknown> {
  const entries = inputs.map((spec) => [
    spec.name,
    {
      data_type: tritonTypeOf(datatypeOf(spec.dtype)),
      dims: (maxBatchSize > 0 ? spec.dims.slice(1) : spec.dims).map((size) => size ?? 1),
      zero_data: true,
    },
  ]);
  return { name: `${rows} rows`, batch_size: rows, count: 1, inputs: Object.fromEntries(entries) };
}
