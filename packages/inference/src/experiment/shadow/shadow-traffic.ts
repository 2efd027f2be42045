import type { Clock, TimerHandle } from '@witan/core';
import type { ServedModel } from '../../model/served-model.js';
import type { RepositoryLog } from '../../repository/repository-log.js';
import type { ExperimentPlan, ShadowPlan } from '../experiment-plan.js';
import type { VariantRun } from '../variant-run.js';
import { compareOutputs } from './compare-outputs.js';
import { bytesOfOutputs, type NamedOutput } from './named-output.js';
import { shadowChannel, type ShadowEvent } from './shadow-channel.js';
import { ShadowContext } from './shadow-context.js';
import { ShadowCounters } from './shadow-counters.js';
import { ShadowQueue, type Waiting } from './shadow-queue.js';

/** Between two looks at what waits: the requests' own work goes on in between. */
const PAUSE_MS = 1;
/** And while the requests leave nothing over. */
const BUSY_PAUSE_MS = 10;
/** A timer that comes so late says that the event loop has too much to do. */
const LATE_MS = 20;
const RUN_LIMIT_MS = 10_000;
const LOG_EVERY_MS = 60_000;

export interface ShadowParts {
  readonly plan: ExperimentPlan;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  /** The shadow's model; `undefined`: it is not loaded. */
  readonly modelOf: (shadow: ShadowPlan) => ServedModel | undefined;
  /** Whether requests wait for the models of the variants. */
  readonly isBusy: () => boolean;
}

interface Copy extends Waiting {
  readonly shadow: Shadow;
  readonly run: VariantRun<unknown>;
  readonly given: readonly NamedOutput[];
  readonly variant: string;
  readonly requestId: string;
}

interface Shadow {
  readonly plan: ShadowPlan;
  readonly counters: ShadowCounters;
  /** Share of a request that it is still owed. */
  owed: number;
  saidAt: number;
}

/**
 * Gives copies of requests to other models once they are answered, and compares. Works from a timer, one batch at a
 * time, and only while no request waits for a model and the event loop keeps time; what cannot be done then is dropped.
 */
export class ShadowTraffic {
  private readonly shadows: readonly Shadow[];
  private readonly queue: ShadowQueue<Copy>;
  private timer: TimerHandle | undefined;
  private dueAt = 0;
  private isRunning = false;
  private isClosed = false;

  constructor(private readonly parts: ShadowParts) {
    this.shadows = parts.plan.shadows.map((plan) => ({
      plan,
      counters: new ShadowCounters(),
      owed: 0,
      saidAt: -Infinity,
    }));
    this.queue = new ShadowQueue(parts.plan.shadowRules, (copy) => this.over(copy, { outcome: 'dropped' }));
  }

  get counters(): readonly { readonly name: string; readonly counters: ShadowCounters }[] {
    return this.shadows.map(({ plan, counters }) => ({ name: plan.name, counters }));
  }

  get queued(): number {
    return this.queue.length;
  }

  /** Takes a copy of an answered request, for later. Costs next to nothing, and never throws. */
  offer<T>(run: VariantRun<T>, answer: T, variant: string, requestId: string): void {
    if (this.isClosed) return;
    const takers = this.shadows.filter(isDue);
    if (takers.length === 0) return;
    const { rows } = run;
    const at = this.parts.clock.now();
    const copy = { run: run as VariantRun<unknown>, variant, requestId, rows, at };
    try {
      const given = run.outputs(answer);
      const bytes = run.bytes() + bytesOfOutputs(given);
      for (const shadow of takers) this.queue.push({ ...copy, shadow, given, bytes });
    } catch (error) {
      const none = { given: [], bytes: 0 };
      for (const shadow of takers) this.over({ ...copy, ...none, shadow }, { outcome: 'failed', error });
    }
    this.schedule(PAUSE_MS);
  }

  /** Nothing that waits is run any more. */
  clear(): void {
    this.queue.clear();
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.clear();
  }

  private schedule(pauseMs: number): void {
    if (this.timer || this.isRunning || this.isClosed || this.queue.length === 0) return;
    this.dueAt = this.parts.clock.now() + pauseMs;
    this.timer = this.parts.clock.setTimer(this.look, pauseMs);
  }

  private readonly look = (): void => {
    this.timer = undefined;
    const now = this.parts.clock.now();
    this.queue.dropOld(now);
    if (now - this.dueAt > LATE_MS || this.parts.isBusy()) return this.schedule(BUSY_PAUSE_MS);
    this.isRunning = true;
    const copies = this.queue.take(this.parts.plan.shadowRules.maxRows, now);
    void Promise.all(copies.map((copy) => this.runCopy(copy))).then(() => {
      this.isRunning = false;
      this.schedule(PAUSE_MS);
    });
  };

  /** Never rejects. */
  private async runCopy(copy: Copy): Promise<void> {
    const { clock, plan } = this.parts;
    const served = this.parts.modelOf(copy.shadow.plan);
    if (!served) return this.over(copy, { outcome: 'unavailable' });
    const begun = clock.now();
    try {
      const context = new ShadowContext(copy.requestId, begun + RUN_LIMIT_MS);
      const { name: model, version } = served;
      context.noteModel({ model, version, experiment: plan.name, variant: `shadow:${copy.shadow.plan.name}` });
      const answer = await copy.run.on(served, context);
      const durationMs = clock.now() - begun;
      const { matched, maxDifference } = compareOutputs(copy.given, copy.run.outputs(answer), plan.shadowRules);
      this.over(copy, { outcome: 'compared', matched, maxDifference, durationMs });
    } catch (error) {
      this.over(copy, { outcome: 'failed', error, durationMs: clock.now() - begun });
    }
  }

  private over(copy: Copy, what: Partial<ShadowEvent> & Pick<ShadowEvent, 'outcome'>): void {
    const { shadow, rows, variant, requestId } = copy;
    const { matched = 0, maxDifference = 0, durationMs = 0 } = what;
    const { counters } = shadow;
    counters[what.outcome]++;
    if (what.outcome === 'compared') {
      counters.rows += rows;
      counters.matchedRows += matched;
      counters.durationMs += durationMs;
      counters.maxDifference = Math.max(counters.maxDifference, maxDifference);
    }
    if (what.outcome === 'failed' || (what.outcome === 'compared' && matched < rows)) this.tell(shadow, what, rows);
    if (!shadowChannel.hasSubscribers) return;
    const experiment = this.parts.plan.name;
    const event: ShadowEvent = {
      ...what,
      experiment,
      shadow: shadow.plan.name,
      variant,
      requestId,
      rows,
      matched,
      maxDifference,
      durationMs,
    };
    shadowChannel.publish(event);
  }

  /** In the log once a minute at most; everything is counted. */
  private tell(shadow: Shadow, { matched = 0, maxDifference = 0, error }: Partial<ShadowEvent>, rows: number): void {
    const now = this.parts.clock.now();
    if (now - shadow.saidAt < LOG_EVERY_MS) return;
    shadow.saidAt = now;
    const what = error
      ? `failed: ${error instanceof Error ? error.message : String(error)}`
      : `answers otherwise: ${rows - matched} of ${rows} rows differ, by up to ${maxDifference}`;
    this.parts.log.warn(`experiment '${this.parts.plan.name}': shadow ${shadow.plan.name} ${what}`);
  }
}

/** Whether the request is one of those that the shadow is to be given: every fourth, where its share is a quarter. */
function isDue(shadow: Shadow): boolean {
  shadow.owed += shadow.plan.sample;
  if (shadow.owed < 1) return false;
  shadow.owed -= 1;
  return true;
}
