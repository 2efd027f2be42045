import { createRequire } from 'node:module';
import type * as OrtModule from 'onnxruntime-node';
import type { NativeSessionOptions } from './session-options.js';

/** The release whose raw binding was read and measured; any other is used through its public API. */
export const PINNED_ORT_VERSION = '1.30.0';

const require = createRequire(import.meta.url);

/** A tensor as the binding takes it; the data may be longer than `dims` say. */
export interface NativeTensor {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
  readonly location?: 'cpu';
}

/** Input or output as the raw binding describes it. -1 in `shape`: open. */
export interface NativeValueInfo {
  readonly name: string;
  readonly isTensor: boolean;
  /** onnx.proto's element type. */
  readonly type: number;
  readonly shape: readonly number[];
}

/** The raw session: what onnxruntime-node's own `InferenceSession` calls, synchronously, on this thread. */
export interface NativeSession {
  readonly inputMetadata: readonly NativeValueInfo[];
  readonly outputMetadata: readonly NativeValueInfo[];
  loadModel(path: string, options: NativeSessionOptions): void;
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: NativeSessionOptions): void;
  run(
    feeds: Record<string, NativeTensor>,
    fetches: Record<string, null>,
    options: object,
  ): Record<string, NativeTensor>;
  dispose(): void;
}

interface BindingModule {
  readonly binding?: { readonly InferenceSession?: new () => NativeSession };
  readonly initOrt?: () => void;
}

/**
 * onnxruntime from 1.29 reports usage over the network unless told not to. The variable is read by native code when
 * the first session of the process is made, and a worker's `process.env` is only a copy: so it is set here, on the
 * main thread, before any worker or session. A value that the operator set stands.
 */
export function silenceOrtTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}

/** The public module; loaded on first use, because loading its native part takes tens of milliseconds. */
export function loadOrt(): typeof OrtModule {
  return require('onnxruntime-node') as typeof OrtModule;
}

let rawSession: (new () => NativeSession) | undefined | null = null;

/**
 * The raw session class (a run costs a fifth of the public one's, and answers in place), or `undefined` when the
 * installed release is not the pinned one or looks different inside.
 */
export function rawSessionClass(): (new () => NativeSession) | undefined {
  if (rawSession === null) rawSession = findRawSessionClass();
  return rawSession;
}

function findRawSessionClass(): (new () => NativeSession) | undefined {
  try {
    const { version } = require('onnxruntime-node/package.json') as { version?: string };
    if (version !== PINNED_ORT_VERSION) return undefined;
    const { binding, initOrt } = require('onnxruntime-node/dist/binding.js') as BindingModule;
    const Session = binding?.InferenceSession;
    if (typeof initOrt !== 'function' || typeof Session !== 'function') return undefined;
    if (typeof Session.prototype.run !== 'function' || typeof Session.prototype.loadModel !== 'function')
      return undefined;
    initOrt();
    return Session;
  } catch {
    return undefined;
  }
}
