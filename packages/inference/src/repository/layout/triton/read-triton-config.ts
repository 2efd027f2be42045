import type { ModelConfig, VersionPolicy } from '../../model-config.js';
import { MAX_CONFIG_BYTES } from '../config/limits.js';
import type { ParsedConfig } from '../config/parsed-config.js';
import { Ignored } from '../ignored.js';
import { layoutError } from '../layout.errors.js';
import { isSafeFile, quoted } from '../names.js';
import { decodeJson } from '../pbtxt/decode-json.js';
import { decodeText } from '../pbtxt/decode-text.js';
import { MODEL_CONFIG } from './model-config-type.js';
import { readBatching, readWarmUps } from './read-batching.js';
import { readRunner } from './read-runner.js';
import { readTensors } from './read-tensors.js';
import type { TritonConfig, TritonReading } from './triton-config.js';

/**
 * Reads a `config.pbtxt`.
 * @throws {INF_ERR_MODEL_CONFIG} with the place, or with what of it cannot be served
 */
export function configFromText(text: string, fileName = 'config.pbtxt'): ParsedConfig {
  const ignored = new Ignored();
  const tree = decodeText(text, fileName, MODEL_CONFIG, ignored) as TritonConfig;
  return read(tree, 'config.pbtxt', fileName, ignored);
}

/**
 * Reads a Triton ModelConfig in its JSON form, as a load call may bring one.
 * @throws {INF_ERR_MODEL_CONFIG}
 */
export function parsedFromJson(text: string): ParsedConfig {
  const fileName = 'config';
  if (text.length > MAX_CONFIG_BYTES) {
    throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: it is longer than ${MAX_CONFIG_BYTES} characters`);
  }
  const ignored = new Ignored();
  const tree = decodeJson(text, fileName, MODEL_CONFIG, ignored) as TritonConfig;
  return read(tree, 'override', fileName, ignored);
}

/** {@link parsedFromJson} of a model of this name. @throws {INF_ERR_MODEL_CONFIG} */
export function configFromJson(text: string, name?: string): ModelConfig {
  const parsed = parsedFromJson(text);
  if (name !== undefined && parsed.name !== undefined && parsed.name !== name) {
    throw layoutError(
      'INF_ERR_MODEL_CONFIG',
      `config: name is ${quoted(parsed.name)}, and the model is called ${quoted(name)}`,
    );
  }
  return parsed.config;
}

function read(
  tree: TritonConfig,
  source: 'config.pbtxt' | 'override',
  fileName: string,
  ignored: Ignored,
): ParsedConfig {
  const reading: TritonReading = {
    ignore: (text) => ignored.add(text),
    fail: (text) => {
      throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: ${text}`);
    },
  };
  refuseOthers(tree, reading);
  const { name, max_batch_size: maxBatchSize, default_model_filename: modelFile } = tree;
  if (modelFile && (!isSafeFile(modelFile) || modelFile.includes('/'))) {
    reading.fail(
      `default_model_filename is ${quoted(modelFile)}: it must be the name of a file in the version's folder`,
    );
  }
  const parts = {
    maxBatchSize,
    inputs: readTensors('input', tree.input, reading),
    outputs: readTensors('output', tree.output, reading),
    batch: readBatching(tree, reading),
    versionPolicy: policyOf(tree.version_policy, reading),
    runner: readRunner(tree, reading),
    warmUpRows: readWarmUps(tree, reading),
    parameters: parametersOf(tree),
  };
  sayIgnored(tree, reading);
  const config: ModelConfig = { source, ...given(parts), ignored: ignored.texts };
  return { config, labelFiles: labelFilesOf(config), ...(name && { name }), ...(modelFile && { modelFile }) };
}

function given<T extends object>(parts: T): Partial<T> {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function labelFilesOf({ outputs = [] }: ModelConfig): Map<string, string> {
  return new Map(outputs.filter(({ labelFile }) => labelFile).map(({ name, labelFile }) => [name, labelFile!]));
}

/** What would be answered wrongly, or not at all, is not served. */
function refuseOthers(tree: TritonConfig, { fail }: TritonReading): void {
  const { platform = '', backend = '' } = tree;
  if (tree.ensemble_scheduling || platform === 'ensemble')
    fail('ensembles are not served: chain handlers in a service');
  if (!['', 'onnxruntime_onnx'].includes(platform))
    fail(`platform ${quoted(platform)}: only onnxruntime_onnx is served`);
  if (!['', 'onnxruntime'].includes(backend)) fail(`backend ${quoted(backend)}: only onnxruntime is served`);
  if (tree.sequence_batching) fail('sequence_batching: models that keep state between requests are not served');
  if (tree.batch_input?.length) fail('batch_input: inputs that the server would have to make are not served');
  if (tree.batch_output?.length) fail('batch_output: outputs that the server would have to take apart are not served');
  if (tree.model_transaction_policy?.decoupled) fail('model_transaction_policy.decoupled: a request has one answer');
}

function policyOf(policy: TritonConfig['version_policy'], { fail }: TritonReading): VersionPolicy | undefined {
  const [kind, ...others] = Object.keys(policy ?? {});
  if (!policy || kind === undefined) return undefined;
  if (others.length > 0) fail('version_policy has more than one of latest, all and specific');
  if (policy.all) return { kind: 'all' };
  if (policy.latest) return { kind: 'latest', count: policy.latest.num_versions || 1 };
  const versions = policy.specific?.versions ?? [];
  if (versions.length === 0) fail('version_policy.specific names no version');
  const odd = versions.find((version) => !Number.isSafeInteger(version) || version < 1);
  if (odd !== undefined) fail(`version_policy.specific names version ${odd}: they are whole numbers from 1 on`);
  return { kind: 'specific', versions: versions.map(String) };
}

function parametersOf({ parameters }: TritonConfig): Record<string, string> | undefined {
  if (!parameters?.size) return undefined;
  return Object.fromEntries([...parameters].map(([key, { string_value: value = '' }]) => [key, value]));
}

function sayIgnored(tree: TritonConfig, { ignore }: TritonReading): void {
  if (tree.runtime) ignore('runtime: onnxruntime is built in');
  if (tree.cc_model_filenames?.size) ignore('cc_model_filenames: models run on the CPU');
  if (tree.metric_tags?.size) ignore('metric_tags: metrics are labelled by model and version');
  if (tree.model_operations) ignore('model_operations: libraries of operators are not loaded from a store');
  if (tree.model_repository_agents)
    ignore('model_repository_agents: agents are not run; witan.yaml takes SHA-256 sums');
  if (tree.response_cache?.enable) ignore('response_cache: answers are not cached');
  if (tree.model_metrics) ignore('model_metrics: histograms have fixed bounds');
}
