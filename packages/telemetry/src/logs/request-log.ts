import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { type AnswerEvent, type Clock, CLOCK, systemClock } from '@witan/core';
import { Watch } from '../events/watch.js';
import { TELEMETRY_OPTIONS } from '../module/telemetry.module-definition.js';
import type { TelemetryModuleOptions } from '../module/telemetry-options.js';
import { OtlpExport } from '../otlp/otlp-export.js';
import { LogOutput } from './log-output.js';
import { logError } from './log.errors.js';
import type { LogLevel, LogOptions } from './log-options.js';
import { logRecord } from './log-record.js';
import { RateLimit } from './rate-limit.js';
import { type Redactor, redactor } from './redactor.js';
import { levelOf, type RequestLine, requestLine } from './request-line.js';

const FEATURE = 'logs';
const CLOSE_MS = 2000;

/** What became of the lines. */
export interface LogCounts {
  /** Left out by `sample`. */
  readonly unsampled: number;
  /** Too many of their kind. */
  readonly suppressed: number;
  /** Not written: the destination was too slow, or failed. */
  readonly dropped: number;
}

/** Writes a line for each request that is answered. */
@Injectable()
export class RequestLog implements OnModuleInit, OnApplicationShutdown {
  private readonly options: LogOptions | undefined;
  private readonly limit: RateLimit;
  private readonly clock: Clock;
  private readonly sample: number;
  private output: LogOutput | undefined;
  private redact: Redactor = (line) => line;
  private stop: (() => void) | undefined;
  private unsampled = 0;
  private suppressed = 0;

  /** @throws {TEL_ERR_LOG_OPTION} */
  constructor(
    @Inject(TELEMETRY_OPTIONS) { logs }: TelemetryModuleOptions,
    @Inject(Watch) private readonly watch: Watch,
    @Inject(OtlpExport) private readonly otlp: OtlpExport,
    @Optional() @Inject(CLOCK) clock?: Clock,
  ) {
    this.options = logs === true ? {} : logs || undefined;
    this.clock = clock ?? systemClock;
    const { perSecond = 100, burst = 200 } = this.options?.rateLimit ?? {};
    if (!(perSecond > 0 && burst >= 1))
      throw logError(
        'TEL_ERR_LOG_OPTION',
        `logs.rateLimit is ${perSecond} a second, ${burst} at once: give more than 0`,
      );
    this.limit = new RateLimit(perSecond, burst, this.clock);
    this.sample = this.options?.sample ?? 1;
    if (!(this.sample >= 0 && this.sample <= 1))
      throw logError('TEL_ERR_LOG_OPTION', `logs.sample is ${this.sample}: give a number from 0 (none) to 1 (all)`);
  }

  get counts(): LogCounts {
    const { unsampled, suppressed } = this;
    return { unsampled, suppressed, dropped: this.output?.droppedLines ?? 0 };
  }

  async onModuleInit(): Promise<void> {
    if (!this.options) return;
    this.output = await LogOutput.open(this.options);
    this.redact = await redactor(this.options.redact ?? []);
    this.stop = this.watch.on<AnswerEvent>('witan.answer', FEATURE, (event) => this.answered(event));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop?.();
    const { output } = this;
    if (!output) return;
    const suppressed = this.limit.drain();
    if (suppressed > 0) output.pino.warn({ suppressed }, 'lines that were too many');
    await output.close(CLOSE_MS);
  }

  private answered(event: AnswerEvent): void {
    const level = levelOf(event);
    if (!this.output!.pino.isLevelEnabled(level)) return;
    if (level === 'info' && this.sample < 1 && Math.random() >= this.sample) {
      this.unsampled++;
      return;
    }
    const before = this.limit.take(`${event.route}\0${event.code ?? event.status}`);
    if (before === undefined) {
      this.suppressed++;
      return;
    }
    this.write(level, requestLine(event, this.options!.headers ?? [], before));
  }

  private write(level: LogLevel, line: RequestLine): void {
    this.output!.pino[level](line);
    const { logs, origin } = this.otlp;
    if (logs && origin) logs.add(logRecord(origin, level, this.redact(line), this.clock.epochMs()));
  }
}
