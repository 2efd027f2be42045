import type { RunnerOptions } from '../../../runner/runner-options.js';
import type { ModelConfig, TensorConfig } from '../../model-config.js';
import { Ignored } from '../ignored.js';
import { layoutError } from '../layout.errors.js';
import { isSafeFile, printable, quoted } from '../names.js';
import { Checked } from './checked.js';
import { MAX_DIMS, MAX_TENSORS, MAX_THREADS } from './limits.js';
import type { ParsedConfig } from './parsed-config.js';
import { readYaml } from './read-yaml.js';
import { addSessionEntry, type RunnerDraft } from './session-entries.js';

/**
 * Reads MLflow's `MLmodel`: where the ONNX file lies, its session options, its providers and the inputs of its
 * signature. The rest (environments, other flavors, run ids) is MLflow's own.
 * @throws {INF_ERR_MODEL_CONFIG}
 */
export async function configFromMlModel(text: string, fileName = 'MLmodel'): Promise<ParsedConfig> {
  const root = Checked.of((await readYaml(text, fileName)) ?? {}, fileName);
  const flavors = root.map('flavors');
  const onnx = flavors?.map('onnx');
  if (!onnx) {
    const others = flavors?.keys.map((key) => printable(key)).join(', ') || 'none';
    throw layoutError('INF_ERR_MODEL_CONFIG', `${fileName}: it has no flavor onnx (it has: ${others.slice(0, 200)})`);
  }
  const ignored = new Ignored();
  const inputs = inputsOf(root, ignored);
  const runner = runnerOf(onnx, ignored);
  const config: ModelConfig = {
    source: 'MLmodel',
    ...(inputs && { inputs }),
    ...(runner && { runner }),
    ignored: ignored.texts,
  };
  return { config, modelFile: dataOf(onnx), labelFiles: new Map() };
}

function dataOf(onnx: Checked): string {
  const data = (onnx.text('data') ?? 'model.onnx').replace(/\/+$/, '');
  if (isSafeFile(data)) return data;
  throw onnx.fault('data', `${quoted(data)} is refused: it must lie below the model's folder`);
}

/** onnxruntime's GraphOptimizationLevel, by value. */
const GRAPH_LEVELS = new Map<unknown, RunnerOptions['graphOptimizationLevel']>([
  [0, 'disabled'],
  [1, 'basic'],
  [2, 'extended'],
  [3, 'layout'],
  [99, 'all'],
]);
const SESSION_OPTIONS = [
  'intra_op_num_threads',
  'inter_op_num_threads',
  'execution_mode',
  'graph_optimization_level',
  'extra_session_config',
];

function runnerOf(onnx: Checked, ignored: Ignored): RunnerOptions | undefined {
  const draft: RunnerDraft = {};
  for (const provider of onnx.names('providers') ?? []) {
    if (provider !== 'CPUExecutionProvider')
      ignored.add(`flavors.onnx.providers ${quoted(provider)}: models run on the CPU`);
  }
  const options = onnx.map('onnx_session_options');
  if (options) readSessionOptions(draft, options, ignored);
  return Object.keys(draft).length > 0 ? draft : undefined;
}

function readSessionOptions(draft: RunnerDraft, options: Checked, ignored: Ignored): void {
  const intra = options.whole('intra_op_num_threads', 0, MAX_THREADS);
  const inter = options.whole('inter_op_num_threads', 0, MAX_THREADS);
  const level = options.raw('graph_optimization_level');
  if (intra) draft.intraOpNumThreads = intra;
  if (inter) draft.interOpNumThreads = inter;
  const mode = options.text('execution_mode')?.toLowerCase();
  if (mode === 'sequential' || mode === 'parallel') draft.executionMode = mode;
  else if (mode !== undefined) throw options.fault('execution_mode', 'it must be sequential or parallel');
  if (level !== undefined && !GRAPH_LEVELS.has(level))
    throw options.fault('graph_optimization_level', 'it must be 0, 1, 2, 3 or 99');
  if (level !== undefined) draft.graphOptimizationLevel = GRAPH_LEVELS.get(level);
  const extra = options.map('extra_session_config');
  for (const key of extra?.keys ?? []) {
    addSessionEntry(draft, key, String(extra!.raw(key)), `flavors.onnx.onnx_session_options ${quoted(key)}`, (text) =>
      ignored.add(text),
    );
  }
  for (const key of options.keys) {
    if (!SESSION_OPTIONS.includes(key))
      ignored.add(`flavors.onnx.onnx_session_options.${printable(key)}: no such option is known`);
  }
}

/** numpy's names of element types. */
const NUMPY_TYPES = new Map([
  ['bool', 'BOOL'],
  ['uint8', 'UINT8'],
  ['uint16', 'UINT16'],
  ['uint32', 'UINT32'],
  ['uint64', 'UINT64'],
  ['int8', 'INT8'],
  ['int16', 'INT16'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
  ['float16', 'FP16'],
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['object', 'BYTES'],
  ['str', 'BYTES'],
]);

/** The named tensors of a signature; columns and tensors without a name say nothing about the ONNX file's inputs. */
function inputsOf(root: Checked, ignored: Ignored): readonly TensorConfig[] | undefined {
  const signature = root.map('signature');
  if (!signature) return undefined;
  if (signature.has('outputs')) ignored.add("signature.outputs: the ONNX file's own outputs are served");
  if (signature.has('params')) ignored.add('signature.params: an ONNX model has no parameters');
  if (!signature.has('inputs')) return undefined;
  const tensors = columnsOf(signature).map((column) => tensorOf(column));
  if (tensors.length > 0 && tensors.every((tensor) => tensor !== undefined)) return tensors;
  ignored.add("signature.inputs: columns, or tensors without names: the ONNX file's own inputs are served");
  return undefined;
}

function columnsOf(signature: Checked): readonly unknown[] {
  let columns: unknown;
  try {
    columns = JSON.parse(signature.text('inputs')!);
  } catch {
    columns = undefined;
  }
  if (Array.isArray(columns) && columns.length <= MAX_TENSORS) return columns as unknown[];
  throw signature.fault('inputs', 'it must be a JSON list, in a text');
}

interface MlTensor {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly 'tensor-spec'?: { readonly dtype?: unknown; readonly shape?: unknown } | null;
}

function tensorOf(column: unknown): TensorConfig | undefined {
  const { name, type, 'tensor-spec': spec } = (column ?? {}) as MlTensor;
  const datatype = NUMPY_TYPES.get(String(spec?.dtype));
  const dims: unknown = spec?.shape;
  const isShape = Array.isArray(dims) && dims.length <= MAX_DIMS && dims.every((size) => Number.isSafeInteger(size));
  if (type !== 'tensor' || typeof name !== 'string' || name === '' || !datatype || !isShape) return undefined;
  return { name, datatype, dims: dims as number[] };
}
