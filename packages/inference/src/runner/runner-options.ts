import { availableParallelism } from 'node:os';
import { inferenceError } from '../inference.errors.js';
import type { CircuitOptions } from './circuit.js';
import type { SessionOptions } from './session-options.js';

/** `auto`: inline when the model's load and run, measured elsewhere first, are cheaper than the way to a worker and back. */
export type Execution = 'auto' | 'inline' | 'worker' | 'process';

/** How one model is run. Every option may also stand in `ModelModule.forRoot({ runners })` as the default for all. */
export interface RunnerOptions extends SessionOptions {
  /** @default 'auto' */
  readonly execution?: Execution;
  /**
   * How many workers (or processes) run this model, each one batch at a time. Given, the model has them for itself.
   * @default shared workers (see `sharedWorkers`), or one of its own for a large model
   */
  readonly threads?: number;
  /** From this size on (with its external data) a model is large: it has a worker of its own and uses all cores. @default 33_554_432 (32 MiB) */
  readonly largeBytes?: number;
  /**
   * `'mmap'`: map the weights instead of copying them, so that several workers share one copy and loading is quick.
   * Needs external data; switches onnxruntime's repacking of weights off, which makes runs slower (by a fifth to a
   * half for dense nets). @default 'copy'
   */
  readonly share?: 'copy' | 'mmap';
  /** Skips the trial in a child process: for model files that nobody else can write. @default false */
  readonly trusted?: boolean;
  /** For the trial's load and warm-up. @default 60_000 */
  readonly trialTimeoutMs?: number;
  /** For loading and warming up in a worker or process. @default 120_000 */
  readonly loadTimeoutMs?: number;
  /** One run. Passing it marks a model in a worker failed, for a native call cannot be stopped. @default 60_000 */
  readonly runTimeoutMs?: number;
  /** When a model that keeps ending its runner is left alone. */
  readonly circuit?: CircuitOptions;
}

/** Options of all runners of an application. */
export interface RunnerDefaults extends RunnerOptions {
  /** Workers that small models share. @default cores - 1, at least 1 */
  readonly sharedWorkers?: number;
  /** JavaScript heap of each worker, in MB; passing it ends that worker, not the process. @default Node's own */
  readonly maxHeapMb?: number;
  /**
   * How far runs in workers and processes give way to the main thread when both want a core: 0 (not at all) to 19, as
   * Linux counts; elsewhere it does nothing. With cores to spare it costs nothing; without, other requests are answered
   * at once and runs take that much longer.
   * @default 10
   */
  readonly niceness?: number;
  /** How long closing waits for runs under way. @default 10_000 */
  readonly drainMs?: number;
}

const EXECUTIONS: readonly Execution[] = ['auto', 'inline', 'worker', 'process'];
const COUNTS = ['maxHeapMb', 'largeBytes'] as const;
const THREADS = ['threads', 'intraOpNumThreads', 'interOpNumThreads', 'sharedWorkers'] as const;
/** More would only take memory, and starting them minutes. */
const MAX_THREADS = 1024;
const TIMES = ['trialTimeoutMs', 'loadTimeoutMs', 'runTimeoutMs', 'drainMs'] as const;
const CIRCUIT_TIMES = ['windowMs', 'openMs', 'maxOpenMs'] as const;
/** Timers cannot run longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The options of one model: its own over the defaults.
 * @throws {INF_ERR_OPTIONS} when one is out of range.
 */
export function mergeRunnerOptions(defaults: RunnerDefaults, own: RunnerOptions): RunnerDefaults {
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const options: RunnerDefaults = { ...defaults, ...given };
  if (options.execution !== undefined && !EXECUTIONS.includes(options.execution)) {
    throw refuse('execution', options.execution, EXECUTIONS.join(', '));
  }
  if (options.share !== undefined && options.share !== 'copy' && options.share !== 'mmap') {
    throw refuse('share', options.share, "'copy' or 'mmap'");
  }
  check('niceness', options.niceness, 0, 19);
  for (const name of COUNTS) check(name, options[name], 1, Number.MAX_SAFE_INTEGER);
  for (const name of THREADS) check(name, options[name], 1, MAX_THREADS);
  check('circuit.crashes', options.circuit?.crashes, 1, Number.MAX_SAFE_INTEGER);
  for (const name of CIRCUIT_TIMES) check(`circuit.${name}`, options.circuit?.[name], 1, MAX_TIMER_MS);
  for (const name of TIMES) check(name, options[name], 1, MAX_TIMER_MS);
  return options;
}

function check(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw refuse(name, value, `a whole number from ${min} to ${max}`);
}

function refuse(name: string, value: unknown, allowed: string): Error {
  return inferenceError('INF_ERR_OPTIONS', `${name} is ${JSON.stringify(value)}: it must be ${allowed}`);
}

/** How the cores are used by one kind of runner. */
export interface ThreadPlan {
  readonly intraOpNumThreads: number;
  readonly spinning: boolean;
}

/**
 * Spinning wins time between operators only where a core has nothing else to do: when the threads of all runners and
 * the main thread outnumber the cores, it takes the core from someone who works.
 */
export function planThreads(
  options: RunnerDefaults,
  hosts: number,
  large: boolean,
  cores = availableParallelism(),
): ThreadPlan {
  const intraOpNumThreads = options.intraOpNumThreads ?? (large ? Math.max(1, Math.floor(cores / hosts)) : 1);
  const sharedBeside = large ? sharedWorkersOf(options, cores) : 0;
  const spinning = options.spinning ?? (intraOpNumThreads > 1 && hosts * intraOpNumThreads + sharedBeside + 1 <= cores);
  return { intraOpNumThreads, spinning };
}

export function sharedWorkersOf(options: RunnerDefaults, cores = availableParallelism()): number {
  return options.sharedWorkers ?? Math.max(1, cores - 1);
}
