import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { collectChannel, type CollectEvent } from '../collect/collect-channel.js';
import type { BatchGate } from './batch-gate.js';
import type { BatchOptions, ResolvedBatchOptions } from './batch-options.js';
import type { BatchStats } from './batch-stats.js';
import { batchError } from './batch.errors.js';
import { reportGateCounters, reportGateState } from './report-gate.js';

interface Entry {
  readonly gate: BatchGate<never>;
  readonly fixed: readonly (keyof BatchOptions)[];
  /** What {@link BatchControl.configure} has set. */
  readonly configured: BatchOptions;
  /** Those that stand here one after the other: their owner reports them, also while they are not here. */
  readonly isReplaced: boolean;
}

/**
 * The batch gates of this application, by name: those of batched handlers (`IrisService.predict`; a handler class has
 * its service's name before its own: `ScoreService.Clean`) and those of models (`model 'iris'`). The names are those
 * of `witan.batch` and of error texts. Inject it anywhere; the gates are there once the application is initialised.
 * @example
 * control.configure('IrisService.predict', { maxRows: 128, coalesce: 'off' });
 */
@Injectable()
export class BatchControl implements OnModuleInit, OnApplicationShutdown {
  private readonly entries = new Map<string, Entry>();

  /** @internal */
  onModuleInit(): void {
    collectChannel.subscribe(this.collect);
  }

  /** @internal */
  onApplicationShutdown(): void {
    collectChannel.unsubscribe(this.collect);
  }

  private readonly collect = (event: unknown): void => {
    for (const { gate, isReplaced } of this.entries.values()) if (!isReplaced) report(gate, event as CollectEvent);
  };

  /** Every gate, in the order in which they were made. */
  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** @throws {RangeError} when there is no such gate */
  options(name: string): ResolvedBatchOptions {
    return this.entry(name).gate.options;
  }

  /**
   * Counters since the gate was made, and what it holds now.
   * @throws {RangeError} when there is no such gate
   */
  stats(name: string): BatchStats {
    return this.entry(name).gate.stats();
  }

  /**
   * Changes options of a gate while it runs; those left out stay. What waits is looked at again at once.
   * @throws {RangeError} when there is no such gate
   * @throws {CORE_ERR_BATCH_OPTIONS} when a value is out of range, or fixed by the model; then nothing changes
   */
  configure(name: string, options: BatchOptions): void {
    const entry = this.entry(name);
    const { gate, fixed } = entry;
    const refused = fixed.find((option) => options[option] !== undefined && options[option] !== gate.options[option]);
    if (refused) {
      throw batchError(
        'CORE_ERR_BATCH_OPTIONS',
        `batch.${refused} of ${name} follows from its file or its runners and stays ${gate.options[refused]}`,
      );
    }
    gate.configure(options);
    this.entries.set(name, { ...entry, configured: { ...entry.configured, ...options } });
  }

  /**
   * Takes a gate in, under a name that no other has. `fixed`: options that may not be changed.
   * @internal
   */
  add<C>(gate: BatchGate<C>, fixed: readonly (keyof BatchOptions)[] = []): void {
    this.entries.set(gate.name, {
      gate: gate as unknown as BatchGate<never>,
      fixed,
      configured: {},
      isReplaced: false,
    });
  }

  /**
   * Takes a gate in under a name, in the place of the one that has it: what was configured there holds for it too, but
   * for what is `fixed`. Whoever made it tells metrics of it.
   * @internal
   */
  replace<C>(name: string, gate: BatchGate<C>, fixed: readonly (keyof BatchOptions)[] = []): void {
    const all = Object.entries(this.entries.get(name)?.configured ?? {});
    const configured = Object.fromEntries(all.filter(([option]) => !fixed.includes(option as keyof BatchOptions)));
    if (all.length > 0) gate.configure(configured);
    this.entries.set(name, { gate: gate as unknown as BatchGate<never>, fixed, configured, isReplaced: true });
  }

  /** Forgets a gate, unless another one has taken its name. @internal */
  remove<C>(name: string, gate: BatchGate<C>): void {
    if (this.entries.get(name)?.gate === (gate as unknown)) this.entries.delete(name);
  }

  /** `name`, or, when a gate has it already, `name #2` and so on. @internal */
  freeName(name: string): string {
    let free = name;
    for (let n = 2; this.entries.has(free); n++) free = `${name} #${n}`;
    return free;
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (entry) return entry;
    throw new RangeError(`no batch gate '${name}': there are ${this.names.join(', ') || 'none (yet)'}`);
  }
}

function report(gate: BatchGate<never>, event: CollectEvent): void {
  reportGateState(gate, event);
  event.report('witan.batch.concurrency', gate.options.concurrency, { gate: gate.name });
  reportGateCounters(gate, event);
}
