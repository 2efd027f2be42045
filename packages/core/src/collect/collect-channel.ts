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

/** What `witan.collect.last` says: how to be told the figures of what is let go, for the last time. */
export interface LastFigures {
  report(event: CollectEvent): void;
}

/**
 * Published by what is let go while the process goes on, e.g. a version of a model: it will not answer `witan.collect`
 * again, but what it counted was counted.
 */
export const lastFiguresChannel = channel('witan.collect.last');
