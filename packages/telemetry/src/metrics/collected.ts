import { collectChannel, type CollectEvent } from '@witan/core';
import { COLLECTED } from './catalogue.js';
import type { InstrumentDefinition } from './instrument.js';
import type { Labels, Metric, NumberMetric, NumberPoint } from './snapshot.js';

const KNOWN = new Map(COLLECTED.map((definition) => [definition.name, definition]));

/** One round of `witan.collect`: what everybody reported, by instrument. */
export class Collected implements CollectEvent {
  private readonly points = new Map<string, Map<string, { labels: Labels; value: number }>>();
  /** Points that were one too many, by instrument. */
  readonly overflows = new Map<string, number>();

  constructor(private readonly maxSeries: number) {}

  /** Asks whoever has figures. */
  static ask(maxSeries: number): Collected {
    const collected = new Collected(maxSeries);
    if (collectChannel.hasSubscribers) collectChannel.publish(collected);
    return collected;
  }

  /** What nobody has described is left out. */
  report(name: string, value: number, labels: Labels): void {
    const definition = KNOWN.get(name);
    if (!definition || !Number.isFinite(value)) return;
    let points = this.points.get(name);
    if (!points) this.points.set(name, (points = new Map()));
    const key = definition.labels.map((label) => labels[label] ?? '').join('\0');
    const known = points.get(key);
    if (known) known.value += value;
    else if (points.size < this.maxSeries) points.set(key, { labels: { ...labels }, value });
    else this.overflows.set(name, (this.overflows.get(name) ?? 0) + 1);
  }

  metrics(startEpochMs: number): Metric[] {
    return COLLECTED.flatMap((definition) => {
      const points = this.points.get(definition.name);
      return points
        ? [
            numbers(
              definition,
              [...points.values()].map((point) => ({ ...point, startEpochMs })),
            ),
          ]
        : [];
    });
  }

  /** Sums of one instrument by its labels. */
  of(name: string): { labels: Labels; value: number }[] {
    return [...(this.points.get(name)?.values() ?? [])];
  }
}

export function numbers(definition: InstrumentDefinition, points: readonly NumberPoint[]): NumberMetric {
  const { labels: _, ...descriptor } = definition;
  return { descriptor: descriptor as NumberMetric['descriptor'], points };
}
