import { statSync } from 'node:fs';
import {
  collectChannel,
  type CollectEvent,
  type LastFigures,
  lastFiguresChannel,
  reportGateCounters,
  reportGateState,
} from '@witan/core';
import type { VectorizerStatistics } from '../vectorize/vectorizer-statistics.js';
import type { ServedModel } from './served-model.js';

const NS_PER_S = 1e9;

/** The models of this process that are loaded, with the bytes of their files. */
const open = new Map<ServedModel, number>();

/** From now on metrics have the model; {@link forgetModel} when it is let go. */
export function rememberModel(model: ServedModel): void {
  if (open.size === 0) collectChannel.subscribe(reportAll);
  open.set(model, bytesOf(model.path));
}

export function forgetModel(model: ServedModel): void {
  if (!open.delete(model)) return;
  if (open.size === 0) collectChannel.unsubscribe(reportAll);
  if (!lastFiguresChannel.hasSubscribers) return;
  const last: LastFigures = { report: (event) => reportCounters(model, event) };
  lastFiguresChannel.publish(last);
}

function reportAll(event: unknown): void {
  for (const [model, bytes] of open) {
    reportState(model, bytes, event as CollectEvent);
    reportCounters(model, event as CollectEvent);
  }
}

function reportState(model: ServedModel, bytes: number, event: CollectEvent): void {
  const { name, version, mode, concurrency, gate } = model;
  const labels = { model: name, version };
  event.report('witan.model.loaded', 1, { ...labels, mode });
  event.report('witan.model.size', bytes, labels);
  event.report('witan.runner.concurrency', concurrency, labels);
  for (const each of model.gates) reportGateState(each, event);
  event.report('witan.batch.concurrency', gate.options.concurrency, { gate: gate.name });
}

function reportCounters(model: ServedModel, event: CollectEvent): void {
  const labels = { model: model.name, version: model.version };
  const { inferenceCount, computeInput, computeInfer, computeOutput } = model.statistics;
  event.report('witan.model.rows', inferenceCount, labels);
  event.report('witan.runner.busy.time', (computeInput.ns + computeInfer.ns + computeOutput.ns) / NS_PER_S, labels);
  for (const each of model.gates) reportGateCounters(each, event);
  const counts = model.vectorizer?.stats?.();
  if (counts) reportVectorizer(labels, counts, event);
}

/** What a vectorizer has counted, for metrics: features that rows lacked, and texts that no category knows. */
export function reportVectorizer(
  labels: { readonly model: string; readonly version: string },
  { rows, defaulted, unknown }: VectorizerStatistics,
  event: CollectEvent,
): void {
  event.report('witan.vectorize.rows', rows, labels);
  for (const [feature, count] of Object.entries(defaulted))
    event.report('witan.vectorize.defaults', count, { ...labels, feature });
  for (const [feature, count] of Object.entries(unknown))
    event.report('witan.vectorize.unknown', count, { ...labels, feature });
}

/** 0: it has none that can be looked at. */
function bytesOf(path: string): number {
  try {
    return path === '' ? 0 : statSync(path).size;
  } catch {
    return 0;
  }
}
