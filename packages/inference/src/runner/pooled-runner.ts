import { type Clock, WitanError } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { TensorMap } from '../tensor/tensor.js';
import { Circuit, type CircuitOptions } from './circuit.js';
import type { HostPool } from './host/host-pool.js';
import type { LoadReport, Runner, RunnerState } from './runner.js';
import type { ModelSignature } from './signature.js';

export interface PooledRunnerOptions {
  readonly mode: 'worker' | 'process';
  readonly name: string;
  /** The model's key in the pool. */
  readonly key: string;
  readonly pool: HostPool;
  /** The pool has no other models and ends with this one. */
  readonly ownsPool: boolean;
  readonly report: LoadReport;
  readonly runTimeoutMs: number;
  readonly clock: Clock;
  readonly circuit?: CircuitOptions;
}

/** A model in worker threads or child processes. */
export class PooledRunner implements Runner {
  readonly mode: 'worker' | 'process';
  readonly signature: ModelSignature;
  readonly synchronous = false;
  readonly report: LoadReport;
  readonly concurrency: number;
  private readonly allOutputs: readonly string[];
  private readonly circuit: Circuit;
  private failedWith: WitanError | undefined;
  private closed = false;
  private underWay = 0;
  private whenIdle: (() => void) | undefined;

  constructor(private readonly options: PooledRunnerOptions) {
    this.mode = options.mode;
    this.report = options.report;
    this.signature = options.report.signature;
    this.concurrency = options.pool.size;
    this.allOutputs = this.signature.outputs.map((output) => output.name);
    this.circuit = new Circuit(options.name, options.clock, options.circuit);
  }

  /** The model's key in its pool. */
  get key(): string {
    return this.options.key;
  }

  get state(): RunnerState {
    return this.closed ? 'closed' : this.failedWith ? 'failed' : 'ready';
  }

  get failure(): WitanError | undefined {
    return this.failedWith;
  }

  /** Called by the pool's owner: no run will work again. */
  fail(error: WitanError): void {
    this.failedWith = error;
  }

  async run(feeds: TensorMap, outputs: readonly string[] = this.allOutputs): Promise<TensorMap> {
    if (this.closed) throw inferenceError('INF_ERR_MODEL_CLOSED', `model '${this.options.name}' is closed`);
    if (this.failedWith) throw this.failedWith;
    this.circuit.admit();
    this.underWay++;
    try {
      const answer = await this.options.pool.run(this.options.key, feeds, outputs, this.options.runTimeoutMs);
      this.circuit.survived();
      return answer;
    } catch (error) {
      if (endedItsRunner(error)) this.circuit.crashed();
      else this.circuit.survived();
      throw error;
    } finally {
      if (--this.underWay === 0) this.whenIdle?.();
    }
  }

  async close(drainMs: number): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { pool, key, ownsPool } = this.options;
    if (ownsPool) return pool.close(drainMs);
    const unloaded = (await this.drained(drainMs)) ? pool.unload(key) : void pool.unload(key);
    await unloaded;
  }

  /** Gives true when no run is under way any more, false when `drainMs` passed first. */
  private drained(drainMs: number): Promise<boolean> {
    if (this.underWay === 0) return Promise.resolve(true);
    if (drainMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = this.options.clock.setTimer(() => resolve(false), drainMs);
      this.whenIdle = () => {
        timer.cancel();
        resolve(true);
      };
    });
  }
}

function endedItsRunner(error: unknown): boolean {
  return WitanError.is(error) && (error.code === 'INF_ERR_RUNNER_EXIT' || error.code === 'INF_ERR_RUN_TIMEOUT');
}
