import { createHistogram, type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** Where a server process of the benchmarks came to listen. */
export interface Ports {
  readonly http?: number;
  readonly grpc?: number;
}

/** How late the event loop came to its timers, in milliseconds beyond the sampling interval. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What a server process is asked for. `reset` starts the next interval of the loop's delay. */
export type Question = 'loop-delay:reset' | 'loop-delay:read' | 'collect-garbage' | 'measure';

export interface Answered {
  readonly question: Question;
  readonly value: unknown;
}

const RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

/**
 * Runs in the server process: tells the bench that the server listens, and answers its questions.
 * @param measure for processes that measure something themselves: what `measure` gives
 */
export function announce(ports: Ports, measure: () => unknown = () => null): void {
  let histogram: IntervalHistogram | undefined;
  const answers: Record<Question, () => unknown> = {
    'loop-delay:reset': () => {
      histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      histogram.enable();
      histogram.reset();
    },
    'loop-delay:read': () => delayOf(histogram ?? createHistogram()),
    'collect-garbage': () => globalThis.gc?.(),
    measure,
  };
  // Started by hand.
  if (!process.send) return void console.log(JSON.stringify(ports));
  process.on('message', (question: Question) => {
    void Promise.resolve(answers[question]()).then((value) => process.send!({ question, value: value ?? null }));
  });
  process.on('disconnect', () => process.exit());
  process.send!({ ports });
}

/** The histogram holds whole intervals between two samples. */
function delayOf(histogram: { percentile(p: number): number; readonly max: number }): LoopDelay {
  const late = (ns: number): number => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
  return { p50Ms: late(histogram.percentile(50)), p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) };
}
