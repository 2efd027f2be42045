import { collectChannel, type CollectEvent } from '@witan/core';
import { COLLECTED } from './catalogue.js';
import { cut, type InstrumentDefinition } from './instrument.js';
import type { LastCounters } from './last-counters.js';
import type { Labels, Metric, NumberMetric, NumberPoint } from './snapshot.js';

const KNOWN = new Map(COLLECTED.map((definition) => [definition.name, definition]));

/** One round of `witan.collect`: what everybody reported, by instrument. */
export class Collected implements CollectEvent {
  private readonly points = new Map<string, Map<string, { labels: Labels; value: number }>>();
  /** Points that were one too many, by instrument. */
  readonly overflows = new Map<string, number>();

  constructor(private readonly maxSeries: number) {}

  /** Asks whoever has figures; `last` has those of what is gone. */
  static ask(maxSeries: number, last?: LastCounters): Collected {
    const collected = new Collected(maxSeries);
    if (collectChannel.hasSubscribers) collectChannel.publish(collected);
    last?.reportTo(collected);
    return collected;
  }

  /** What nobody has described is left out. */
  report(name: string, value: number, labels: Labels): void {
    const definition = KNOWN.get(name);
    if (!definition || !Number.isFinite(value)) return;
    let points = this.points.get(name);
    if (!points) this.points.set(name, (points = new Map()));
    const values = definition.labels.map((label) => cut(labels[label] ?? ''));
    const key = values.join('\0');
    const known = points.get(key);
    if (known) known.value += value;
    else if (points.size < this.maxSeries) points.set(key, { labels: labelled(definition.labels, values), value });
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

function labelled(names: readonly string[], values: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  names.forEach((name, i) => {
    if (values[i] !== '') labels[name] = values[i]!;
  });
  return labels;
}
