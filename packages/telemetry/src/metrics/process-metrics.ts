import { type EventLoopUtilization, type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { activeRequests, type Clock } from '@witan/core';
import { PROCESS } from './catalogue.js';
import { type Collected, numbers } from './collected.js';
import type { Labels, Metric } from './snapshot.js';

const NS_PER_S = 1e9;
const US_PER_S = 1e6;
/** Two exporters that look at about the same time are told the same. */
const MIN_WINDOW_MS = 1_000;

/** What is measured between two looks. */
interface Window {
  readonly delay:
    { readonly mean: number; readonly p50: number; readonly p99: number; readonly max: number } | undefined;
  readonly loopUtilization: number;
  readonly runners: readonly { readonly labels: Labels; readonly value: number }[];
}

/** The event loop, memory, CPU time, and how busy the models' runners are. */
export class ProcessMetrics {
  private readonly delays: IntervalHistogram | undefined;
  private loop: EventLoopUtilization = performance.eventLoopUtilization();
  private busy = new Map<string, number>();
  private lookedAt: number;
  private last: Window | undefined;

  constructor(
    private readonly clock: Clock,
    resolutionMs: number,
  ) {
    this.lookedAt = clock.now();
    if (resolutionMs <= 0) return;
    this.delays = monitorEventLoopDelay({ resolution: resolutionMs });
    this.delays.enable();
  }

  close(): void {
    this.delays?.disable();
  }

  metrics(collected: Collected, startEpochMs: number): Metric[] {
    const { delay, loopUtilization, runners } = this.look(collected);
    const point = (value: number, labels: Labels = {}) => ({ labels, value, startEpochMs });
    const { user, system } = process.cpuUsage();
    const spaces = getHeapSpaceStatistics();
    return [
      numbers(PROCESS.httpActive, [point(activeRequests.http)]),
      numbers(PROCESS.active, [
        point(activeRequests.http, { transport: 'http' }),
        point(activeRequests.grpc, { transport: 'grpc' }),
      ]),
      numbers(
        PROCESS.utilization,
        runners.map(({ labels, value }) => point(value, labels)),
      ),
      ...(delay
        ? [
            numbers(PROCESS.loopDelayMean, [point(delay.mean)]),
            numbers(PROCESS.loopDelayP50, [point(delay.p50)]),
            numbers(PROCESS.loopDelayP99, [point(delay.p99)]),
            numbers(PROCESS.loopDelayMax, [point(delay.max)]),
          ]
        : []),
      numbers(PROCESS.loopUtilization, [point(loopUtilization)]),
      numbers(PROCESS.memory, [point(process.memoryUsage.rss())]),
      numbers(
        PROCESS.heap,
        spaces.map((space) => point(space.space_used_size, { 'v8js.heap.space.name': space.space_name })),
      ),
      numbers(PROCESS.cpu, [
        point(user / US_PER_S, { 'cpu.mode': 'user' }),
        point(system / US_PER_S, { 'cpu.mode': 'system' }),
      ]),
      numbers(PROCESS.uptime, [point(process.uptime())]),
    ];
  }

  private look(collected: Collected): Window {
    const now = this.clock.now();
    const passedMs = now - this.lookedAt;
    if (this.last && passedMs < MIN_WINDOW_MS) return this.last;
    this.lookedAt = now;
    const loop = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(loop, this.loop);
    this.loop = loop;
    const runners = this.runners(collected, passedMs / 1000);
    return (this.last = { delay: this.delay(), loopUtilization: finite(utilization), runners });
  }

  private delay(): Window['delay'] {
    const { delays } = this;
    if (!delays) return undefined;
    const seconds = (ns: number): number => finite(ns / NS_PER_S);
    const { mean, max } = delays;
    const window = {
      mean: seconds(mean),
      p50: seconds(delays.percentile(50)),
      p99: seconds(delays.percentile(99)),
      max: delays.count > 0 ? seconds(max) : 0,
    };
    delays.reset();
    return window;
  }

  private runners(collected: Collected, passedS: number): Window['runners'] {
    const before = this.busy;
    this.busy = new Map();
    const keyOf = (labels: Labels): string => `${labels['model']}\0${labels['version']}`;
    const limits = new Map(collected.of('witan.runner.concurrency').map(({ labels, value }) => [keyOf(labels), value]));
    // What is not loaded any more has no runners.
    const busy = collected.of('witan.runner.busy.time').filter(({ labels }) => limits.has(keyOf(labels)));
    return busy.map(({ labels, value }) => {
      const key = keyOf(labels);
      this.busy.set(key, value);
      const share = (value - (before.get(key) ?? 0)) / (passedS * (limits.get(key) || 1));
      return { labels, value: passedS > 0 ? Math.min(1, Math.max(0, share)) : 0 };
    });
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
