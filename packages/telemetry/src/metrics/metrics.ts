import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { type Clock, CLOCK, type Context, type LastFigures, requestChannel, systemClock } from '@witan/core';
import { Watch } from '../events/watch.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import { BatchMetrics } from './batch-metrics.js';
import { PROCESS } from './catalogue.js';
import { Collected, numbers } from './collected.js';
import { DeltaReader } from './delta-reader.js';
import { Histogram } from './instrument.js';
import { Instruments } from './instruments.js';
import { LastCounters } from './last-counters.js';
import { ProcessMetrics } from './process-metrics.js';
import { RequestMetrics } from './request-metrics.js';
import type { Metric, MetricSnapshot } from './snapshot.js';

/** The trace that a request belongs to, if it has one that is kept. */
export type TraceOf = (context: Context) => { readonly traceId: string; readonly spanId: string } | undefined;

/** More metrics, made when they are collected: sums since the process began, and gauges. */
export type MetricSource = () => readonly Metric[];

const DEFAULT_MAX_SERIES = 1_000;
const DEFAULT_RESOLUTION_MS = 20;
const FEATURE = 'metrics';

/**
 * All metrics of this process. Added up here, as requests run, in series that are looked up once; exporters read them
 * when they want, and nobody pushes.
 */
@Injectable()
export class Metrics implements OnApplicationShutdown {
  /** Set by tracing: histograms then keep an exemplar for each bucket. */
  traceOf: TraceOf | undefined;
  private readonly clock: Clock;
  private readonly startEpochMs: number;
  private readonly instruments: Instruments;
  private readonly sources = new Set<MetricSource>();
  private readonly last: LastCounters;
  private runtime: ProcessMetrics | undefined;

  constructor(
    @Inject(TELEMETRY_OPTIONS) private readonly options: TelemetryModuleOptions,
    @Inject(Watch) private readonly watch: Watch,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
    this.startEpochMs = this.clock.epochMs();
    this.last = new LastCounters(options.metrics?.maxSeries ?? DEFAULT_MAX_SERIES);
    this.instruments = new Instruments(options.metrics ?? {}, this.startEpochMs);
  }

  /** Begins to collect; called by each exporter that will read. A second call changes nothing. */
  enable(): void {
    if (this.runtime) return;
    this.runtime = new ProcessMetrics(this.clock, this.options.metrics?.eventLoopResolutionMs ?? DEFAULT_RESOLUTION_MS);
    const { watch, instruments } = this;
    const requests = new RequestMetrics(
      instruments,
      () => this.traceOf,
      () => this.clock.epochMs(),
    );
    const batches = new BatchMetrics(instruments);
    watch.on(requestChannel.start.name as string, FEATURE, requests.began);
    watch.on(requestChannel.asyncEnd.name as string, FEATURE, requests.ended);
    watch.on('witan.answer', FEATURE, requests.answered);
    watch.on('witan.collect.last', FEATURE, (gone: LastFigures) => gone.report(this.last));
    watch.on('witan.batch', FEATURE, batches.ran);
    watch.on('witan.infer', FEATURE, batches.inferred);
    watch.on('witan.model.load', FEATURE, batches.modelChanged);
  }

  /** Adds metrics of another feature; gives how to take them away. */
  addSource(source: MetricSource): () => void {
    this.sources.add(source);
    return () => void this.sources.delete(source);
  }

  /** Sums since the process began. */
  collect(): MetricSnapshot {
    const { startEpochMs } = this;
    const collected = Collected.ask(this.options.metrics?.maxSeries ?? DEFAULT_MAX_SERIES, this.last);
    const metrics = [
      ...this.instruments.read(),
      ...collected.metrics(startEpochMs),
      ...(this.runtime?.metrics(collected, startEpochMs) ?? []),
      ...this.fromSources(),
      ...this.ownState(collected),
    ];
    const filled = metrics.filter(({ points }) => points.length > 0);
    return { epochMs: this.clock.epochMs(), temporality: 'cumulative', metrics: filled };
  }

  /** A reader of its own for an exporter that sends deltas. */
  deltaReader(): DeltaReader {
    return new DeltaReader(() => this.collect());
  }

  onApplicationShutdown(): void {
    this.runtime?.close();
  }

  private fromSources(): Metric[] {
    return [...this.sources].flatMap((source) => {
      try {
        return source();
      } catch (error) {
        this.watch.failed(FEATURE, error);
        return [];
      }
    });
  }

  private ownState(collected: Collected): Metric[] {
    const { startEpochMs, instruments, watch } = this;
    const point = (value: number, labels: Readonly<Record<string, string>>) => ({ labels, value, startEpochMs });
    const named = instruments.all.map((each) => ({ each, labels: { instrument: each.definition.name } }));
    const overflows = [
      ...named.filter(({ each }) => each.overflows > 0).map(({ each, labels }) => point(each.overflows, labels)),
      ...Array.from(collected.overflows, ([instrument, count]) => point(count, { instrument })),
    ];
    const invalid = named.flatMap(({ each, labels }) =>
      each instanceof Histogram && each.invalid > 0 ? [point(each.invalid, labels)] : [],
    );
    return [
      numbers(
        PROCESS.errors,
        Array.from(watch.errors, ([feature, count]) => point(count, { feature })),
      ),
      numbers(PROCESS.overflows, overflows),
      numbers(PROCESS.invalid, invalid),
    ];
  }
}
