import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import {
  type AnswerEvent,
  type BatchEvent,
  type Clock,
  CLOCK,
  requestChannel,
  type RequestEvent,
  systemClock,
  type TimerHandle,
} from '@witan/core';
import { Watch } from '../events/watch.js';
import { LineWriter } from '../logs/line-writer.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { TracedRequest } from '../traces/traced-request.js';
import { dimensionValue, emfLine } from './emf-line.js';
import { emfError } from './emf.errors.js';
import type { EmfDimension, EmfOptions } from './emf-options.js';
import { BatchSeries, RequestSeries } from './emf-series.js';

const FEATURE = 'emf';
const MAX_DIMENSIONS = 30;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const CLOSE_MS = 2000;
const OTHER = 'other';
const KNOWN: readonly EmfDimension[] = ['service', 'model', 'version', 'alias', 'experiment', 'variant', 'transport'];
const USUAL: readonly EmfDimension[] = ['service', 'model', 'version'];

/** Adds up what happens in an interval, and writes it as lines of EMF. */
@Injectable()
export class EmfExport implements OnModuleInit, OnApplicationShutdown {
  private readonly options: EmfOptions | undefined;
  private readonly dimensions: readonly EmfDimension[];
  private readonly fixed: Readonly<Record<string, string>>;
  private readonly intervalMs: number;
  private readonly clock: Clock;
  private requests = new Map<string, RequestSeries>();
  private batches = new Map<string, BatchSeries>();
  /** Services by their requests' contexts, for the answer to know. */
  private readonly services = new WeakMap<object, string>();
  private writer: LineWriter | undefined;
  private timer: TimerHandle | undefined;
  private stops: (() => void)[] = [];

  /** @throws {TEL_ERR_EMF_OPTION} */
  constructor(
    @Inject(TELEMETRY_OPTIONS) { emf }: TelemetryModuleOptions,
    @Inject(Watch) private readonly watch: Watch,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.options = emf === true ? {} : emf || undefined;
    this.clock = clock ?? systemClock;
    this.dimensions = this.options?.dimensions ?? USUAL;
    this.fixed = Object.fromEntries(
      Object.entries(this.options?.fixed ?? {}).map(([name, value]) => [name, dimensionValue(value)]),
    );
    this.intervalMs = this.options?.intervalMs ?? 60_000;
    if (this.options) checked(this.options, this.dimensions, this.intervalMs);
  }

  /** Lines that were not written. */
  get droppedLines(): number {
    return this.writer?.droppedLines ?? 0;
  }

  async onModuleInit(): Promise<void> {
    if (!this.options) return;
    this.writer = await LineWriter.open(this.options.destination ?? 'stdout', MAX_WAITING_BYTES, (file, cause) =>
      emfError('TEL_ERR_EMF_OPTION', `emf.destination: '${file}' cannot be opened to append to`, { cause }),
    );
    const { watch } = this;
    this.stops = [
      watch.on<RequestEvent>(requestChannel.start.name as string, FEATURE, (event) => this.began(event)),
      watch.on<AnswerEvent>('witan.answer', FEATURE, (event) => this.answered(event)),
      watch.on<BatchEvent>('witan.batch', FEATURE, (event) => this.batched(event)),
    ];
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    this.timer?.cancel();
    if (!this.writer) return;
    this.writeAll();
    await this.writer.close(CLOSE_MS);
  }

  private schedule(): void {
    this.timer = this.clock.setTimer(() => {
      this.schedule();
      try {
        this.writeAll();
      } catch (error) {
        this.watch.failed(FEATURE, error);
      }
    }, this.intervalMs);
  }

  private began({ context, service }: RequestEvent): void {
    context.wantPhases();
    this.services.set(context, service);
  }

  /** Routes that are no service's have no line of their own. */
  private answered(event: AnswerEvent): void {
    if (!event.context) return;
    const values = this.dimensions.map((dimension) => this.valueOf(dimension, event));
    const key = values.join('\0');
    const known = this.requests.get(key);
    const series = known ?? this.added(this.requests, key, values, RequestSeries);
    series.add(event);
  }

  private batched(event: BatchEvent): void {
    const known = this.batches.get(event.name);
    if (known) return known.add(event);
    const full = this.batches.size >= this.maxSeries;
    const gate = full ? OTHER : dimensionValue(event.name);
    const series = this.batches.get(full ? OTHER : event.name) ?? new BatchSeries({ gate, ...this.fixed });
    this.batches.set(full ? OTHER : event.name, series);
    series.add(event);
  }

  private added<S>(
    all: Map<string, S>,
    key: string,
    values: readonly string[],
    Made: new (dimensions: Readonly<Record<string, string>>) => S,
  ): S {
    const full = all.size >= this.maxSeries;
    const known = full ? all.get(OTHER) : undefined;
    if (known) return known;
    const named = this.dimensions.map((name, i) => [name, full ? OTHER : dimensionValue(values[i]!)]);
    const series = new Made({ ...Object.fromEntries(named), ...this.fixed });
    all.set(full ? OTHER : key, series);
    return series;
  }

  private get maxSeries(): number {
    return this.options?.maxSeries ?? 200;
  }

  private valueOf(dimension: EmfDimension, { context, transport }: AnswerEvent): string {
    if (dimension === 'transport') return transport;
    if (dimension === 'service')
      return this.services.get(context!) ?? TracedRequest.of(context!)?.event?.service ?? context!.service;
    return context!.models[0]?.[dimension] ?? '';
  }

  private writeAll(): void {
    const all = [...this.requests.values(), ...this.batches.values()];
    this.requests = new Map();
    this.batches = new Map();
    const { namespace = 'Witan', distribution = 'array' } = this.options!;
    const epochMs = this.clock.epochMs();
    for (const series of all) {
      const metrics = series.metrics(distribution);
      this.writer!.write(emfLine({ namespace, epochMs, dimensions: series.dimensions, metrics }));
    }
  }
}

function checked(options: EmfOptions, dimensions: readonly EmfDimension[], intervalMs: number): void {
  const { namespace = 'Witan', fixed = {}, maxSeries = 1 } = options;
  const refuse = (text: string): never => {
    throw emfError('TEL_ERR_EMF_OPTION', text);
  };
  const unknown = dimensions.find((each) => !KNOWN.includes(each));
  if (unknown !== undefined) refuse(`emf.dimensions names '${unknown}': there are ${KNOWN.join(', ')}`);
  const count = new Set([...dimensions, ...Object.keys(fixed)]).size;
  if (count > MAX_DIMENSIONS) refuse(`emf has ${count} dimensions: CloudWatch takes ${MAX_DIMENSIONS}`);
  const wrong = Object.keys(fixed).find((name) => !/^[A-Za-z0-9_.\-/# ]{1,250}$/.test(name) || RESERVED.has(name));
  if (wrong !== undefined) refuse(`emf.fixed names '${wrong}': use letters, digits and _.-/#, and no metric's name`);
  if (!/^[A-Za-z0-9_.\-/# ]{1,255}$/.test(namespace) || namespace.startsWith('AWS/'))
    refuse(`emf.namespace is '${namespace}': use 1 to 255 letters, digits and _.-/#, and not AWS/ in front`);
  if (!(intervalMs > 0)) refuse(`emf.intervalMs is ${intervalMs}: give a number above 0`);
  if (!(maxSeries >= 1)) refuse(`emf.maxSeries is ${maxSeries}: give 1 or more`);
}

/** Members of a line that are not dimensions. */
const RESERVED: ReadonlySet<string> = new Set([
  '_aws',
  'Requests',
  'Errors',
  'Availability',
  'Latency',
  'VectorizationTime',
  'ToTensorTime',
  'InferenceTime',
  'Batches',
  'BatchSize',
  'BatchRequests',
  'BatchWait',
]);
