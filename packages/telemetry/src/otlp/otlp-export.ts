import { createRequire } from 'node:module';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type Clock, CLOCK, systemClock } from '@witan/core';
import { Watch } from '../events/watch.js';
import { Metrics } from '../metrics/metrics.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { type OwnSpans, startOwnSpans } from '../traces/own-spans.js';
import { SpanData, type SpanOrigin } from '../traces/span-data.js';
import { TraceSource } from '../traces/trace-source.js';
import { ExportQueue, type ItemExporter } from './export-queue.js';
import { exportedItems, type OtlpCounts } from './exported-items.js';
import { logExporter, metricExporter, traceExporter } from './make-exporters.js';
import { type MetricExport, startMetricExport } from './metric-export.js';
import { DEFAULT_EXPORT_TIMEOUT_MS, DEFAULT_SHUTDOWN_TIMEOUT_MS, type OtlpOptions } from './otlp-options.js';
import { type Environment, positive, type SignalSettings, signalSettings } from './otlp-settings.js';
import { resourceOf } from './resource.js';

const { version } = createRequire(import.meta.url)('@witan/telemetry/package.json') as { version: string };
const FEATURE = 'otlp';
/** Exporters give up by themselves; ours only steps in where one does not. */
const GRACE_MS = 1000;

/** Sends this process's telemetry to a collector. Everything of OpenTelemetry is loaded when it starts, and not before. */
@Injectable()
export class OtlpExport implements OnModuleInit, OnApplicationShutdown {
  /** Log lines, where they are to be sent. */
  logs: ExportQueue<ReadableLogRecord> | undefined;
  origin: SpanOrigin | undefined;
  private spans: ExportQueue<ReadableSpan> | undefined;
  private metricExport: MetricExport | undefined;
  private ownSpans: OwnSpans | undefined;
  private readonly exporters: { shutdown?(): Promise<void> }[] = [];
  private readonly clock: Clock;
  private readonly startEpochMs: number;
  private started: Promise<void> | undefined;

  constructor(
    @Inject(TELEMETRY_OPTIONS) private readonly options: TelemetryModuleOptions,
    @Inject(Watch) private readonly watch: Watch,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(TraceSource) private readonly source: TraceSource,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.clock = clock ?? systemClock;
    this.startEpochMs = this.clock.epochMs();
  }

  get counts(): OtlpCounts {
    return { traces: this.spans?.counts, logs: this.logs?.counts, metrics: this.metricExport?.counts };
  }

  onModuleInit(): Promise<void> {
    return this.start();
  }

  /** Loads and starts what is asked for; a second call waits for the first. @throws {TEL_ERR_OTLP_OPTION} */
  start(env: Environment = process.env): Promise<void> {
    return (this.started ??= this.options.otlp ? this.begin(this.options.otlp, env) : Promise.resolve());
  }

  /** Sends what is there now, for at most `limitMs`. */
  async flush(limitMs: number): Promise<void> {
    const metrics = this.metricExport?.flush().catch((error: unknown) => this.watch.failed(FEATURE, error));
    await Promise.all([
      this.spans?.flush(limitMs),
      this.logs?.flush(limitMs),
      metrics && this.atMost(limitMs, metrics),
    ]);
  }

  async onApplicationShutdown(): Promise<void> {
    const limitMs = this.options.otlp?.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_TIMEOUT_MS;
    this.source.tracing?.exportTo(undefined);
    this.ownSpans?.stop();
    const closing = this.metricExport?.close().catch((error: unknown) => this.watch.failed(FEATURE, error));
    await Promise.all([
      this.spans?.close(limitMs),
      this.logs?.close(limitMs),
      closing && this.atMost(limitMs, closing),
    ]);
    // What an exporter still has under way is its own: nobody waits for a collector that does not answer.
    for (const exporter of this.exporters) void exporter.shutdown?.().catch(() => undefined);
  }

  private async begin(otlp: OtlpOptions, env: Environment): Promise<void> {
    const signals = signalSettings(otlp, this.options.traces !== undefined, env);
    if (signals.length === 0) return;
    this.metrics.addSource(() => [exportedItems(this.counts, this.startEpochMs)]);
    const origin = { resource: await resourceOf(otlp, env), scope: { name: '@witan/telemetry', version } };
    this.origin = origin;
    for (const settings of signals) {
      if (settings.signal === 'traces') await this.beginTraces(settings, otlp, origin);
      else if (settings.signal === 'logs') this.logs = this.queueOf(await logExporter(settings), otlp);
      else await this.beginMetrics(settings, otlp, origin, env);
    }
  }

  private async beginTraces(settings: SignalSettings, otlp: OtlpOptions, origin: SpanOrigin): Promise<void> {
    const queue = (this.spans = this.queueOf<ReadableSpan>(await traceExporter(settings), otlp));
    const { tracing } = this.source;
    tracing?.exportTo({
      add: (parts) => queue.add(new SpanData(origin, parts)),
      addOwn: (span) => queue.add(span as ReadableSpan),
    });
    const { traces } = this.options;
    if (tracing?.binds && traces?.ownSpans !== false) this.ownSpans = await startOwnSpans(tracing, origin.resource);
  }

  private async beginMetrics(
    settings: SignalSettings,
    otlp: OtlpOptions,
    { resource, scope }: SpanOrigin,
    env: Environment,
  ): Promise<void> {
    const preferred = env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE']?.trim().toLowerCase();
    const temporality = otlp.temporality ?? (preferred === 'delta' ? 'delta' : 'cumulative');
    const interval = otlp.metricIntervalMs ?? Number(env['OTEL_METRIC_EXPORT_INTERVAL'] ?? 60_000);
    this.metrics.enable();
    const deltas = temporality === 'delta' ? this.metrics.deltaReader() : undefined;
    this.metricExport = await startMetricExport({
      exporter: await metricExporter(settings, temporality),
      resource,
      scope,
      intervalMs: positive('otlp.metricIntervalMs', interval),
      timeoutMs: otlp.timeoutMs ?? DEFAULT_EXPORT_TIMEOUT_MS,
      collect: () => (deltas ?? this.metrics).collect(),
      report: (error) => this.watch.failed(FEATURE, error),
    });
  }

  private queueOf<T>(exporter: ItemExporter<T>, { queue = {}, timeoutMs }: OtlpOptions): ExportQueue<T> {
    this.exporters.push(exporter);
    const limits = {
      maxItems: positive('otlp.queue.maxItems', queue.maxItems ?? 2048),
      maxBatch: positive('otlp.queue.maxBatch', queue.maxBatch ?? 256),
      delayMs: positive('otlp.queue.delayMs', queue.delayMs ?? 1000),
      timeoutMs: positive('otlp.timeoutMs', timeoutMs ?? DEFAULT_EXPORT_TIMEOUT_MS) + GRACE_MS,
    };
    return new ExportQueue(exporter, limits, this.clock, (error) => this.watch.failed(FEATURE, error));
  }

  private atMost(limitMs: number, work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(resolve, limitMs);
      void work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
