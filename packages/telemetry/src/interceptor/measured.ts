import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { type Clock, CLOCK, systemClock } from '@witan/core';
import { Histogram } from '../metrics/instrument.js';
import { DURATION_BOUNDS } from '../metrics/catalogue.js';
import { Metrics } from '../metrics/metrics.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import { currentRequest } from '../traces/request-binding.js';
import type { TracedRequest } from '../traces/traced-request.js';

/** Names of methods: bounded, as there are only so many methods. */
const MAX_SERIES = 1000;

/** How long methods of controllers and providers take. */
@Injectable()
export class Measured implements OnApplicationShutdown {
  readonly clock: Clock;
  private readonly histogram: Histogram;
  private readonly stop: () => void;
  private readonly leave: () => void;

  constructor(
    @Inject(TELEMETRY_OPTIONS) { metrics: options }: TelemetryModuleOptions,
    @Inject(Metrics) metrics: Metrics,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
    this.histogram = new Histogram(
      {
        name: 'witan.method.duration',
        kind: 'histogram',
        unit: 's',
        labels: ['method', 'outcome'],
        description: 'Methods of controllers and providers that are measured',
        bounds: options?.durationBounds ?? DURATION_BOUNDS,
      },
      MAX_SERIES,
      this.clock.epochMs(),
    );
    this.stop = metrics.addSource(() => [this.histogram.read()]);
    this.leave = join(this);
  }

  /** Takes note of a method that is over; within a request it becomes a span of its trace. */
  over(method: string, startedAt: number, error: unknown, request: TracedRequest | undefined = currentRequest()): void {
    const durationMs = this.clock.now() - startedAt;
    this.histogram.series(method, error === undefined ? 'ok' : 'error').record(durationMs / 1000);
    request?.remember({ kind: 'method', method, startedAt, durationMs, error });
  }

  onApplicationShutdown(): void {
    this.stop();
    this.leave();
  }
}

/** Decorated methods find it here: decorators know no application. Several in one process all measure. */
const measuring = new Set<Measured>();

function join(measured: Measured): () => void {
  measuring.add(measured);
  return () => void measuring.delete(measured);
}

export function measurers(): ReadonlySet<Measured> {
  return measuring;
}
