import { channel } from 'node:diagnostics_channel';

/**
 * Asks for what is the case now: how long queues are, what is loaded, what was counted so far. Whoever has such figures
 * subscribes, and reports them before it returns; nothing is kept up to date between two questions. docs/guide/metrics.md
 * lists the names.
 */
export interface CollectEvent {
  /** `name`: of the instrument, e.g. `witan.batch.queue.rows`. Values of the same name and labels are added up. */
  report(name: string, value: number, labels: Readonly<Record<string, string>>): void;
}

/** Published by whatever collects metrics, each time that it does. */
export const collectChannel = channel('witan.collect');
