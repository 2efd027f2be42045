import type { BatchEvent, Context } from '@witan/core';
import type { InferEvent } from '../events/infer-event.js';
import type { ModelLoadEvent } from '../events/model-load-event.js';

/** One run of several requests' rows; the same object in the records of each. */
export interface BatchRecord {
  readonly kind: 'batch';
  readonly name: string;
  readonly rows: number;
  readonly requests: number;
  readonly closedBy: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly error: unknown;
  readonly contexts: readonly Context[];
  /** What each of {@link contexts} waited; empty where nobody knows whose wait is whose. */
  readonly waitsMs: readonly number[];
  /** What the oldest of them waited. */
  readonly waitMs: number;
  /** Its span, once the first of its requests was kept. */
  exported: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** One run of a model; the same object in the records of each request that took part. */
export interface InferRecord {
  readonly kind: 'infer';
  readonly model: string;
  readonly version: string;
  readonly rows: number;
  readonly requests: number;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly packMs: number;
  readonly inferMs: number;
  readonly unpackMs: number;
  readonly error: unknown;
  readonly contexts: readonly Context[];
  exported: { readonly traceId: string; readonly spanId: string } | undefined;
}

/** A version of a model that was loaded; a request that waits for it has it as a child. */
export interface LoadRecord {
  readonly kind: 'load';
  readonly model: string;
  readonly version: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly mode: string | undefined;
  readonly provider: string | undefined;
  readonly error: unknown;
}

/** A method of the user's that is measured. */
export interface MethodRecord {
  readonly kind: 'method';
  readonly method: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly error: unknown;
}

export type ChildRecord = BatchRecord | InferRecord | LoadRecord | MethodRecord;

/** What spans need of a batch, without what the event keeps alive. */
export function batchRecord(event: BatchEvent): BatchRecord {
  const { name, rows, requests, closedBy, startedAt, runMs, error, contexts, waitsMs: all, waitMs } = event;
  const waitsMs = all.length === contexts.length ? all : [];
  const known = { name, rows, requests, closedBy, startedAt, error, contexts, waitsMs, waitMs };
  return { kind: 'batch', ...known, durationMs: runMs, exported: undefined };
}

export function inferRecord(event: InferEvent): InferRecord {
  const { model, version, rows, requests, startedAt, packMs, inferMs, unpackMs, error, contexts } = event;
  const durationMs = packMs + inferMs + unpackMs;
  const known = { model, version, rows, requests, startedAt, packMs, inferMs, unpackMs, error, contexts };
  return { kind: 'infer', ...known, durationMs, exported: undefined };
}

/** @param now clock milliseconds */
export function loadRecord(event: ModelLoadEvent, now: number): LoadRecord {
  const { name: model, version, durationMs, mode, provider, ok } = event;
  const error = ok ? undefined : (event.error ?? new Error('refused'));
  return { kind: 'load', model, version, startedAt: now - durationMs, durationMs, mode, provider, error };
}
