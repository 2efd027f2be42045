import { BatchContext, Context, type RequestPhases } from '@witan/core';
import type { Frame, FrameSource } from '@witan/core/frame';
import type { InferEvent } from './infer-channel.js';
import type { RunTimes } from './model-counters.js';

const NO_CONTEXTS: readonly Context[] = [];
const NO_PHASES: readonly RequestPhases[] = [];

/** Whose rows a run has, as far as it is known: by what the caller gave, or by where the Frame came from. */
export function sourceOf(frame: Frame<object>, context: unknown): FrameSource | undefined {
  const caller = (context as { readonly context?: unknown } | undefined)?.context ?? context;
  if (caller instanceof Context) return new CallerSource([caller]);
  if (frame.source) return frame.source;
  if (context instanceof BatchContext) return new CallerSource(context.requests.map((request) => request.context));
  return undefined;
}

class CallerSource implements FrameSource {
  constructor(readonly contexts: readonly Context[]) {}

  get phases(): readonly RequestPhases[] {
    let found: RequestPhases[] | undefined;
    for (const { phases } of this.contexts) if (phases) (found ??= []).push(phases);
    return found ?? NO_PHASES;
  }
}

/** Adds to the times of requests what the run that they shared took. */
export function notePhases(phases: readonly RequestPhases[], { begun, packed, answered }: RunTimes, end: number): void {
  for (const each of phases) {
    each.tensorMs = (each.tensorMs ?? 0) + packed - begun + end - answered;
    each.inferMs = (each.inferMs ?? 0) + answered - packed;
  }
}

export function noteVectorizing(phases: readonly RequestPhases[], ms: number): void {
  for (const each of phases) each.vectorizeMs = (each.vectorizeMs ?? 0) + ms;
}

type InferParts = Pick<InferEvent, 'model' | 'version' | 'rows' | 'requests' | 'input' | 'output' | 'error'>;

export function inferEvent(
  parts: InferParts & { readonly source: FrameSource | undefined },
  { begun, packed, answered }: RunTimes,
  end: number,
): InferEvent {
  const { model, version, rows, requests, input, output, error, source } = parts;
  return {
    model,
    version,
    rows,
    requests,
    startedAt: begun,
    packMs: packed - begun,
    inferMs: answered - packed,
    unpackMs: end - answered,
    input,
    output,
    error,
    contexts: source?.contexts ?? NO_CONTEXTS,
  };
}
