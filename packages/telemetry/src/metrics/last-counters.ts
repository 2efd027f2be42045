import type { CollectEvent } from '@witan/core';
import { COLLECTED } from './catalogue.js';
import type { Labels } from './snapshot.js';

const COUNTERS = new Set(COLLECTED.filter(({ kind }) => kind === 'counter').map(({ name }) => name));

interface Kept {
  readonly name: string;
  readonly labels: Labels;
  value: number;
}

/**
 * What was counted by versions of models that are gone. Without it a counter would become smaller with each swap, which
 * those who read it take for a process that began anew: they would count what the others have counted a second time.
 */
export class LastCounters implements CollectEvent {
  private readonly kept = new Map<string, Kept>();

  /** `maxSeries`: series that are kept for each instrument, on average; those that nothing was added to for longest go. */
  constructor(private readonly maxSeries: number) {}

  report(name: string, value: number, labels: Labels): void {
    if (!COUNTERS.has(name) || !(value > 0 && value < Infinity)) return;
    const key = JSON.stringify([name, labels]);
    const kept = this.kept.get(key) ?? { name, labels, value: 0 };
    kept.value += value;
    this.kept.delete(key);
    this.kept.set(key, kept);
    if (this.kept.size > this.maxSeries * COUNTERS.size) this.kept.delete(this.kept.keys().next().value!);
  }

  reportTo(event: CollectEvent): void {
    for (const { name, value, labels } of this.kept.values()) event.report(name, value, labels);
  }
}
