import { channel } from 'node:diagnostics_channel';
import { Inject, Injectable, Logger, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { type Clock, CLOCK, systemClock } from '@witan/core';

type Listener<E> = (event: E) => void;

/** A subscriber that fails is logged once in this time, not for each request. */
const LOG_EVERY_MS = 60_000;

/**
 * Subscribes to diagnostics channels so that what a subscriber throws never reaches the request that published: it is
 * counted, by feature, and logged at most once a minute. Everything ends when the application shuts down.
 */
@Injectable()
export class Watch implements OnApplicationShutdown {
  private readonly logger = new Logger('Telemetry');
  private readonly clock: Clock;
  private readonly stops: (() => void)[] = [];
  private readonly failures = new Map<string, number>();
  private loggedAt = -Infinity;

  constructor(@Optional() @Inject(CLOCK) clock?: Clock) {
    this.clock = clock ?? systemClock;
  }

  /** What subscribers have thrown, by feature. */
  get errors(): ReadonlyMap<string, number> {
    return this.failures;
  }

  /** Calls `listener` for each message of a channel; gives how to stop. `feature`: what counts its errors. */
  on<E>(name: string, feature: string, listener: Listener<E>): () => void {
    const source = channel(name);
    const guarded = (event: unknown): void => {
      try {
        listener(event as E);
      } catch (error) {
        this.failed(feature, error);
      }
    };
    source.subscribe(guarded);
    let open = true;
    const stop = (): void => {
      if (open) source.unsubscribe(guarded);
      open = false;
    };
    this.stops.push(stop);
    return stop;
  }

  /** Counts what some part of telemetry failed with, off a channel too. */
  failed(feature: string, error: unknown): void {
    this.failures.set(feature, (this.failures.get(feature) ?? 0) + 1);
    const now = this.clock.now();
    if (now - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = now;
    this.logger.warn(`${feature} failed: ${error instanceof Error ? error.message : String(error)}`);
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}
