import { availableParallelism } from 'node:os';
import { type Clock, systemClock, WitanError } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import { inspectModelFiles } from '../onnx/external-data.js';
import { type HostLink, processLink, workerLink, type HostLinkFactory } from './host/host-link.js';
import { HostPool } from './host/host-pool.js';
import { DEFAULT_NICENESS } from './host/niceness.js';
import type { LoadRequest } from './host/protocol.js';
import { warmProcess } from './host/warm-process.js';
import { isCheapInline } from './inline-limits.js';
import { InlineRunner } from './inline-runner.js';
import { rawSessionClass, silenceOrtTelemetry } from './ort-binding.js';
import { PooledRunner } from './pooled-runner.js';
import {
  mergeRunnerOptions,
  planThreads,
  type RunnerDefaults,
  type RunnerOptions,
  sharedWorkersOf,
} from './runner-options.js';
import type { LoadReport, Runner } from './runner.js';
import { nativeSessionOptions } from './session-options.js';
import { Trial } from './trial.js';

const DEFAULTS = {
  largeBytes: 32 * 2 ** 20,
  trialTimeoutMs: 60_000,
  loadTimeoutMs: 120_000,
  runTimeoutMs: 60_000,
  drainMs: 10_000,
} as const;

export interface OpenRunnerOptions extends RunnerOptions {
  /** For messages. */
  readonly name: string;
  /** The .onnx file. */
  readonly path: string;
  /** The largest batch, for the warm-up. @default 64 */
  readonly maxRows?: number;
}

export interface RunnerFactoryParts {
  readonly clock?: Clock;
  readonly workerLink?: HostLinkFactory;
  readonly processLink?: HostLinkFactory;
}

/** Opens models, each in the execution mode that suits it, and owns the workers and processes behind them. */
export class RunnerFactory {
  private readonly clock: Clock;
  private readonly makeWorker: HostLinkFactory;
  private readonly makeProcess: HostLinkFactory;
  private readonly trial: Trial;
  private shared: HostPool | undefined;
  private readonly opened = new Set<Runner>();
  private keys = 0;
  private opening = 0;
  private isServing = false;

  constructor(
    private readonly defaults: RunnerDefaults = {},
    parts: RunnerFactoryParts = {},
  ) {
    this.clock = parts.clock ?? systemClock;
    const { maxHeapMb, niceness = DEFAULT_NICENESS } = defaults;
    this.makeWorker = parts.workerLink ?? (() => workerLink({ maxHeapMb, niceness }));
    this.makeProcess = parts.processLink ?? (() => processLink(niceness));
    const startTrial = (): HostLink => warmProcess.take() ?? processLink(this.isServing ? niceness : 0);
    this.trial = new Trial(parts.processLink ?? startTrial, this.clock);
    mergeRunnerOptions(defaults, {});
  }

  /**
   * Loads and warms up a model. Unless it is trusted, a child process does so first, and is killed if that takes too long.
   * @throws {INF_ERR_MODEL_NOT_FOUND | INF_ERR_MODEL_LOAD | INF_ERR_MODEL_TRIAL | INF_ERR_EXTERNAL_DATA | INF_ERR_OPTIONS | INF_ERR_RUN_TIMEOUT}
   */
  async open(own: OpenRunnerOptions): Promise<Runner> {
    silenceOrtTelemetry();
    this.opening++;
    try {
      const plan = await this.planOf(own);
      const tried = plan.options.trusted ? undefined : await this.tryOut(plan);
      const runner = await this.openPlanned(plan, tried);
      for (const other of this.opened) if (other.state === 'closed') this.opened.delete(other);
      this.opened.add(runner);
      return runner;
    } finally {
      if (--this.opening === 0) await this.closeIdleWorkers();
    }
  }

  /** Requests are answered from now on: processes in which models are tried give way to them. */
  giveWay(): void {
    this.isServing = true;
  }

  private tryOut({ load, options }: Plan): Promise<LoadReport> {
    const trial = this.trial.run({ ...load, timed: true }, options.trialTimeoutMs);
    // While the child process starts: the native library takes as long to load here, and is wanted in any mode but one.
    if (options.execution !== 'process') this.clock.nextTurn(() => void rawSessionClass());
    return trial;
  }

  /** Closes every runner; waits up to `drainMs` for runs under way. */
  async close(drainMs: number = this.defaults.drainMs ?? DEFAULTS.drainMs): Promise<void> {
    const end = this.clock.now() + drainMs;
    await Promise.all([...this.opened].map((runner) => runner.close(drainMs)));
    await Promise.all([this.shared?.close(end - this.clock.now()), this.trial.close()]);
    this.shared = undefined;
  }

  /** Workers that only measured models which then went inline. */
  private async closeIdleWorkers(): Promise<void> {
    const { shared } = this;
    if (!shared || shared.modelCount > 0) return;
    this.shared = undefined;
    await shared.close(0);
  }

  private async planOf(own: OpenRunnerOptions): Promise<Plan> {
    const { name, path, maxRows = 64, ...runnerOptions } = own;
    const options = { ...DEFAULTS, ...mergeRunnerOptions(this.defaults, runnerOptions) };
    const files = await inspectModelFiles(path);
    const mapped = options.share === 'mmap';
    if (mapped && files.external.length === 0) {
      throw inferenceError(
        'INF_ERR_EXTERNAL_DATA',
        `share: 'mmap' needs weights in a file of their own, and ${path} keeps them inside: save it with external data`,
      );
    }
    const large = files.bytes >= options.largeBytes;
    const ownHosts = large || options.threads !== undefined || options.execution === 'process';
    const hosts = options.threads ?? (ownHosts ? 1 : sharedWorkersOf(options));
    const native = nativeSessionOptions({ ...options, ...planThreads(options, hosts, large) }, mapped);
    const key = `${name}#${++this.keys}`;
    const load: LoadRequest = { op: 'load', model: key, path, options: native, warmUpRows: maxRows, timed: false };
    return { name, options, ownHosts, hosts, load };
  }

  private async openPlanned(plan: Plan, tried: LoadReport | undefined): Promise<Runner> {
    const { execution = 'auto' } = plan.options;
    if (execution === 'process') return this.openPooled(plan, 'process');
    if (execution === 'inline' || (execution === 'auto' && tried && isCheapInline(tried)))
      return this.openInline(plan, tried);
    const undecided = execution === 'auto' && !tried;
    const runner = await this.openPooled(undecided ? { ...plan, load: { ...plan.load, timed: true } } : plan, 'worker');
    if (!undecided || !isCheapInline(runner.report)) return runner;
    await runner.close(plan.options.drainMs);
    return this.openInline(plan, runner.report);
  }

  private async openInline({ name, load }: Plan, measured: LoadReport | undefined): Promise<Runner> {
    return InlineRunner.open(name, load, measured);
  }

  private async openPooled(plan: Plan, mode: 'worker' | 'process'): Promise<Runner> {
    const { name, options, load, ownHosts } = plan;
    const pool = ownHosts ? this.newPool(mode, plan.hosts, options.loadTimeoutMs) : this.sharedPool(options);
    try {
      const report = await pool.load(load, options.loadTimeoutMs);
      const { runTimeoutMs, circuit } = options;
      const { clock } = this;
      return new PooledRunner({
        mode,
        name,
        key: load.model,
        pool,
        ownsPool: ownHosts,
        report,
        runTimeoutMs,
        circuit,
        clock,
      });
    } catch (error) {
      if (ownHosts) await pool.close(0);
      throw error;
    }
  }

  private pooled(key: string): PooledRunner | undefined {
    return [...this.opened].find((runner) => runner instanceof PooledRunner && runner.key === key) as
      PooledRunner | undefined;
  }

  private sharedPool(options: RunnerDefaults & { loadTimeoutMs: number }): HostPool {
    return (this.shared ??= this.newPool(
      'worker',
      sharedWorkersOf(options, availableParallelism()),
      options.loadTimeoutMs,
    ));
  }

  private newPool(kind: 'worker' | 'process', size: number, loadTimeoutMs: number): HostPool {
    const link = kind === 'worker' ? this.makeWorker : this.makeProcess;
    const onModelFailed = (key: string, error: WitanError): void => this.pooled(key)?.fail(error);
    return new HostPool({ kind, size, link, clock: this.clock, loadTimeoutMs, onModelFailed });
  }
}

interface Plan {
  readonly name: string;
  readonly options: RunnerDefaults & { readonly [K in keyof typeof DEFAULTS]: number };
  readonly ownHosts: boolean;
  readonly hosts: number;
  readonly load: LoadRequest;
}
