import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import {
  type Clock,
  CLOCK,
  type Context,
  type KeptCall,
  type Recorder,
  type RecordKeeper,
  type RecordPoint,
  STARTUP_REPORT,
  type StartupReporter,
  type StartupSection,
  systemClock,
} from '@witan/core';
import { logRequestOf } from '../log/check-log.js';
import { RecordIds } from '../log/record-ids.js';
import { RecordMaker } from '../log/record-maker.js';
import type { Keeping } from '../policy/keeping.js';
import type { LogRecord } from '../sink/log-record.js';
import type { SinkStats } from '../policy/sink-stats.js';
import { sinksError } from '../sinks.errors.js';
import { keepingOf, MAX_MS } from './keeping-of.js';
import type { SinksModuleOptions } from './sinks-options.js';
import { SINKS_OPTIONS } from './sinks.module-definition.js';

const DEFAULT_SHUTDOWN_MS = 5_000;

/** All sinks of an application: what handlers, services and models are logged to. Inject it to look at {@link stats}. */
@Injectable()
export class Sinks implements RecordKeeper, OnModuleInit, OnApplicationShutdown, StartupReporter {
  private readonly keepings = new Map<string, Keeping>();
  private readonly ids: RecordIds;
  private readonly points = new Map<string, string[]>();

  constructor(
    @Inject(SINKS_OPTIONS) private readonly options: SinksModuleOptions,
    @Optional() @Inject(CLOCK) clock: Clock = systemClock,
  ) {
    const { random = Math.random, shutdownMs = DEFAULT_SHUTDOWN_MS } = options;
    if (!(shutdownMs >= 0 && shutdownMs <= MAX_MS))
      throw sinksError('SINK_ERR_OPTIONS', `shutdownMs is ${shutdownMs}: from 0 to ${MAX_MS}`);
    this.ids = new RecordIds(clock, random);
    for (const [name, sink] of Object.entries(options.sinks ?? {}))
      this.keepings.set(name, keepingOf(name, sink, { clock, random }));
  }

  /** Of every sink: what waits, what went, what was lost. */
  stats(): readonly SinkStats[] {
    return [...this.keepings.values()].map(({ stats }) => stats);
  }

  /** @throws {SINK_ERR_OPTIONS} for a sink or a column that is not there */
  open(point: RecordPoint): Recorder {
    const { hashKey } = this.options;
    const parts = point.requests.map((request): PointSink => {
      const { sink, options } = logRequestOf(point, request, hashKey !== undefined);
      this.points.set(sink, [...(this.points.get(sink) ?? []), point.name]);
      return { keeping: this.keepingFor(sink, point), maker: new RecordMaker(options, this.ids, hashKey ?? '') };
    });
    return parts.length === 1 ? new OneSink(parts[0]!) : new SeveralSinks(parts);
  }

  async onModuleInit(): Promise<void> {
    const started = await Promise.allSettled([...this.keepings.values()].map((keeping) => keeping.start()));
    const failed = started.find(({ status }) => status === 'rejected');
    if (!failed) return;
    // Nobody ends an application that did not begin: the others let go of their folders.
    await Promise.allSettled([...this.keepings.values()].map((keeping) => keeping.close(0)));
    throw (failed as PromiseRejectedResult).reason;
  }

  async onApplicationShutdown(): Promise<void> {
    const { shutdownMs = DEFAULT_SHUTDOWN_MS } = this.options;
    // The waits between tries keep no process alive, and the servers are closed by now.
    const alive = setInterval(() => {}, shutdownMs);
    // One that fails keeps none of the others from its end.
    const ends = await Promise.allSettled([...this.keepings.values()].map((keeping) => keeping.close(shutdownMs)));
    clearInterval(alive);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  [STARTUP_REPORT](): StartupSection {
    const lines = [...this.keepings].map(([name, { stats }]) => {
      const points = this.points.get(name) ?? [];
      const { to } = this.options.sinks[name]!;
      return `${name}: ${stats.policy}, to ${to.name}, of ${points.join(', ') || 'nothing'}`;
    });
    return { title: 'Sinks', lines };
  }

  private keepingFor(sink: string, point: RecordPoint): Keeping {
    const keeping = this.keepings.get(sink);
    if (keeping) return keeping;
    const names = [...this.keepings.keys()].join(', ') || 'none';
    throw sinksError('SINK_ERR_OPTIONS', `${point.name} is logged to '${sink}', and the sinks are: ${names}`);
  }
}

interface PointSink {
  readonly keeping: Keeping;
  readonly maker: RecordMaker;
}

/** A place that is logged once: nearly all are. */
class OneSink implements Recorder {
  constructor(private readonly part: PointSink) {}

  admit(context: Context): void {
    const { keeping, maker } = this.part;
    if (!maker.wants(context)) return;
    keeping.admit();
    if (maker.wantsPhases) context.wantPhases?.();
  }

  keep(call: KeptCall): void | Promise<void> {
    const { keeping, maker } = this.part;
    if (!maker.wants(call.context)) return;
    let record: LogRecord;
    try {
      record = maker.make(call);
    } catch (error) {
      return keeping.unmade(error);
    }
    return keeping.keep(record);
  }
}

class SeveralSinks implements Recorder {
  private readonly each: readonly OneSink[];

  constructor(parts: readonly PointSink[]) {
    this.each = parts.map((part) => new OneSink(part));
  }

  admit(context: Context): void {
    for (const one of this.each) one.admit(context);
  }

  keep(call: KeptCall): void | Promise<void> {
    const waits = this.each.map((one) => one.keep(call)).filter((wait) => wait !== undefined);
    if (waits.length > 0) return Promise.all(waits).then(() => undefined);
  }
}
