import { readFile } from 'node:fs/promises';
import { makeOutputsTensors } from '../onnx/tensor-outputs.js';
import {
  dtypeOfOnnxType,
  dtypeOfOrtName,
  ortNameOf,
  type Tensor,
  type TensorDType,
  type TensorMap,
} from '../tensor/tensor.js';
import { loadOrt, type NativeSession, type NativeTensor, rawSessionClass } from './ort-binding.js';
import type { ExecutionProvider, NativeSessionOptions } from './session-options.js';
import { batchAxisOf, type ModelSignature, type TensorSpec } from './signature.js';

/** An open ONNX session on this thread. */
export interface OrtSession {
  readonly signature: ModelSignature;
  readonly provider: string;
  readonly warnings: readonly string[];
  /** With the raw binding, runs happen during the call and give a value. */
  readonly synchronous: boolean;
  run(feeds: TensorMap, outputs: readonly string[]): TensorMap | Promise<TensorMap>;
  close(): void;
}

/** Which of onnxruntime-node's two doors to use. `auto`: the raw binding when the release is the pinned one. */
export type OrtApi = 'auto' | 'public';

/** What both doors have in common. */
interface Door {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  run(
    feeds: Record<string, NativeTensor>,
    fetches: Record<string, null>,
  ): Record<string, NativeTensor> | Promise<Record<string, NativeTensor>>;
  close(): void;
}

interface ValueInfo {
  readonly name: string;
  /** `undefined`: no tensor, or of a type that cannot be served. */
  readonly dtype: TensorDType | undefined;
  readonly dims: readonly (number | null)[];
}

type ModelBytes = string | Uint8Array;
type OpenDoor = (model: ModelBytes, options: NativeSessionOptions) => Promise<Door>;

/**
 * Opens a model file. Outputs that are no tensors are made tensors where that can be done. Throws plain errors, and
 * imports nothing of `@witan/core`: this file runs in workers too, which must start fast and stay small.
 */
export async function openSession(
  path: string,
  options: NativeSessionOptions,
  api: OrtApi = 'auto',
): Promise<OrtSession> {
  const open = api === 'auto' && rawSessionClass() ? openRaw : openPublic;
  const warnings: string[] = [];
  let { door, provider } = await openWithFallback(open, path, options, warnings);
  const odd = door.outputs.filter((output) => output.dtype === undefined).map((output) => output.name);
  const rewritten = odd.length > 0 ? makeOutputsTensors(await readFile(path), odd) : undefined;
  if (rewritten) {
    door.close();
    ({ door, provider } = await openWithFallback(open, rewritten.bytes, options, warnings));
  }
  return new DoorSession(door, signatureOf(door, rewritten?.labels ?? {}), provider, warnings, open === openRaw);
}

/** The list of providers as it stands, then without its first, and so on: a missing provider throws. */
async function openWithFallback(open: OpenDoor, model: ModelBytes, options: NativeSessionOptions, warnings: string[]) {
  const providers = (options['executionProviders'] as readonly ExecutionProvider[] | undefined) ?? ['cpu'];
  for (let first = 0; ; first++) {
    try {
      const door = await open(model, { ...options, executionProviders: providers.slice(first) });
      return { door, provider: nameOfProvider(providers[first]) };
    } catch (error) {
      if (first + 1 >= providers.length) throw error;
      const warning = `execution provider '${nameOfProvider(providers[first])}' is not usable, trying the next: ${messageOf(error)}`;
      if (!warnings.includes(warning)) warnings.push(warning);
    }
  }
}

function nameOfProvider(provider: ExecutionProvider | undefined): string {
  return typeof provider === 'object' ? provider.name : (provider ?? 'cpu');
}

async function openRaw(model: ModelBytes, options: NativeSessionOptions): Promise<Door> {
  const session: NativeSession = new (rawSessionClass()!)();
  if (typeof model === 'string') session.loadModel(model, options);
  else session.loadModel(model.buffer, model.byteOffset, model.byteLength, options);
  const info = (value: NativeSession['inputMetadata'][number]): ValueInfo => ({
    name: value.name,
    dtype: value.isTensor ? dtypeOfOnnxType(value.type) : undefined,
    dims: value.isTensor ? value.shape.map((size) => (size < 0 ? null : size)) : [],
  });
  return {
    inputs: session.inputMetadata.map(info),
    outputs: session.outputMetadata.map(info),
    run: (feeds, fetches) => session.run(feeds, fetches, NO_RUN_OPTIONS),
    close: () => session.dispose(),
  };
}

const NO_RUN_OPTIONS = {};

async function openPublic(model: ModelBytes, options: NativeSessionOptions): Promise<Door> {
  const ort = loadOrt();
  const session = await (typeof model === 'string'
    ? ort.InferenceSession.create(model, options)
    : ort.InferenceSession.create(model, options));
  type Metadata = (typeof session.inputMetadata)[number];
  const info = (value: Metadata): ValueInfo => ({
    name: value.name,
    dtype: value.isTensor ? dtypeOfOrtName(value.type) : undefined,
    dims: value.isTensor ? value.shape.map((size) => (typeof size === 'number' ? size : null)) : [],
  });
  return {
    inputs: session.inputMetadata.map(info),
    outputs: session.outputMetadata.map(info),
    run: async (feeds, fetches) => {
      const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => {
        const exact = exactly(data, dims) as Float32Array;
        const tensor = new ort.Tensor(type as 'float32', exact, dims);
        // Where the engine has a Float16Array the Tensor makes one of the bits, which its native side cannot read.
        if (type === 'float16') Object.defineProperty(tensor, 'data', { value: exact });
        return [name, tensor];
      });
      return (await session.run(Object.fromEntries(tensors), Object.keys(fetches))) as unknown as Record<
        string,
        NativeTensor
      >;
    },
    close: () => void session.release().catch(() => undefined),
  };
}

/** The public Tensor demands data of exactly the right length. */
function exactly(data: unknown, dims: readonly number[]): unknown {
  const length = dims.reduce((product, size) => product * size, 1);
  const array = data as Float32Array;
  return array.length === length ? array : array.subarray(0, length);
}

function signatureOf(door: Door, labels: Readonly<Record<string, readonly string[]>>): ModelSignature {
  const odd = door.inputs.find((input) => input.dtype === undefined);
  if (odd) throw new Error(`its input '${odd.name}' is no tensor of a type that can be served`);
  refuseInherited([...door.inputs, ...door.outputs]);
  const inputs = door.inputs.map((input) => ({ name: input.name, dtype: input.dtype!, dims: input.dims }));
  const outputs: TensorSpec[] = [];
  const omitted: string[] = [];
  for (const { name, dtype, dims } of door.outputs) {
    if (dtype === undefined) omitted.push(name);
    else outputs.push({ name, dtype, dims, ...(labels[name] && { labels: labels[name] }) });
  }
  if (outputs.length === 0)
    throw new Error(`it has no output that is a tensor (it has ${omitted.join(', ') || 'none at all'})`);
  return { inputs, outputs, omitted, batch: batchAxisOf(inputs) };
}

/** Tensors go by name in plain objects, here and in onnxruntime: `__proto__` would be no member of one. */
function refuseInherited(values: readonly ValueInfo[]): void {
  const bad = values.find(({ name }) => name in Object.prototype);
  if (bad) throw new Error(`it has an input or output called '${bad.name}', which every object has already: rename it`);
}

class DoorSession implements OrtSession {
  private lastOutputs: readonly string[] | undefined;
  private lastFetches: Record<string, null> = {};

  constructor(
    private readonly door: Door,
    readonly signature: ModelSignature,
    readonly provider: string,
    readonly warnings: readonly string[],
    readonly synchronous: boolean,
  ) {}

  run(feeds: TensorMap, outputs: readonly string[]): TensorMap | Promise<TensorMap> {
    const native: Record<string, NativeTensor> = {};
    for (const name in feeds) native[name] = toNative(feeds[name]!);
    const answer = this.door.run(native, this.fetches(outputs));
    return answer instanceof Promise ? answer.then(fromNative) : fromNative(answer);
  }

  close(): void {
    this.door.close();
  }

  private fetches(outputs: readonly string[]): Record<string, null> {
    if (outputs !== this.lastOutputs) {
      this.lastFetches = Object.fromEntries(outputs.map((name) => [name, null]));
      this.lastOutputs = outputs;
    }
    return this.lastFetches;
  }
}

function toNative(tensor: Tensor): NativeTensor {
  return { type: ortNameOf(tensor.dtype), data: tensor.data, dims: tensor.dims, location: 'cpu' };
}

function fromNative(answer: Record<string, NativeTensor>): TensorMap {
  const tensors: Record<string, Tensor> = {};
  for (const name in answer) {
    const { type, data, dims } = answer[name]!;
    const values = (type === 'float16' ? bitsOf(data as Uint16Array) : data) as Tensor['data'];
    tensors[name] = { dtype: dtypeOfOrtName(type)!, dims, data: values, owned: true };
  }
  return tensors;
}

/** float16 comes as bits, or as a Float16Array where the engine has one (Node 24). */
function bitsOf(data: Uint16Array | (ArrayBufferView & { length: number })): Uint16Array {
  if (data instanceof Uint16Array) return data;
  const { buffer, byteOffset, length } = data;
  return new Uint16Array(buffer, byteOffset, length);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
