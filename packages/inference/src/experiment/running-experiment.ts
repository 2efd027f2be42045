import { hash } from 'node:crypto';
import { type Clock, type ModelUse, WitanError } from '@witan/core';
import type { ServedModel } from '../model/served-model.js';
import type { ModelDirectory } from '../repository/model-directory.js';
import type { RepositoryLog } from '../repository/repository-log.js';
import type { RequestRows } from './assign/key-source.js';
import { chooseVariant } from './assign/rendezvous.js';
import type { AssignedCaller, Assignment } from './assignment.js';
import type { ExposureKeeper } from './exposure-keeper.js';
import { exposureChannel, type ExposureEvent } from './exposure-channel.js';
import type { ExperimentPlan, NamedModel } from './experiment-plan.js';
import { OutcomeBook } from './outcomes/outcome-book.js';
import { ShadowTraffic } from './shadow/shadow-traffic.js';
import { Traffic, unknownVariant } from './traffic.js';
import { VariantCounters } from './variant-counters.js';
import type { VariantRun } from './variant-run.js';

/** Chooses the variant where the experiment allows it, and tells callers theirs where it is to be revealed. */
export const VARIANT_HEADER = 'x-witan-variant';
const LOG_EVERY_MS = 60_000;
const HASH_CHARS = 16;

/** The model cannot run at all now; another one may. */
const UNABLE: ReadonlySet<string> = new Set([
  'INF_ERR_MODEL_UNAVAILABLE',
  'INF_ERR_MODEL_FAILED',
  'INF_ERR_MODEL_CLOSED',
  'INF_ERR_CIRCUIT_OPEN',
  'INF_ERR_RUNNER_EXIT',
  'INF_ERR_RUN_TIMEOUT',
  'INF_ERR_VERSION_NOT_FOUND',
  'INF_ERR_MODEL_NOT_FOUND',
]);

/** One run of one model for these requests. */
interface Turn<T> {
  readonly assignments: readonly Assignment[];
  readonly run: VariantRun<T>;
  /** What is counted; a handler may run its model again. */
  readonly isFirst: boolean;
  readonly served: number;
  readonly model: ServedModel;
}

export interface ExperimentParts {
  readonly plan: ExperimentPlan;
  readonly directory: Pick<ModelDirectory, 'use'>;
  readonly clock: Clock;
  readonly log: RepositoryLog;
  /** Keeps a record of every exposure, where the experiment asks for it. */
  readonly keeper?: ExposureKeeper;
}

/** One experiment while it runs: gives each request a model, and counts what comes of it. */
export class RunningExperiment {
  readonly traffic: Traffic;
  readonly outcomes: OutcomeBook;
  readonly counters: readonly VariantCounters[];
  readonly shadows: ShadowTraffic;
  /** Requests that were left to the control by the kill switch, or because they had no key. */
  unassigned = 0;
  private saidAt = -Infinity;
  private saidKeyless = false;

  constructor(private readonly parts: ExperimentParts) {
    const { plan, clock, log } = parts;
    this.traffic = new Traffic(plan);
    this.outcomes = new OutcomeBook(plan, clock);
    this.counters = plan.names.map(() => new VariantCounters());
    const modelOf = (shadow: NamedModel): ServedModel | undefined => this.loaded(shadow);
    this.shadows = new ShadowTraffic({ plan, clock, log, modelOf, isBusy: () => this.isBusy() });
  }

  get plan(): ExperimentPlan {
    return this.parts.plan;
  }

  get name(): string {
    return this.plan.name;
  }

  /**
   * Chooses for one request; nothing is counted until it runs. `fits`: whether a model could answer it at all.
   * @throws {INF_ERR_EXPERIMENT_VARIANT} when the header asks for a variant that there is not
   */
  assign(caller: AssignedCaller, rows: RequestRows | undefined, fits?: (served: ServedModel) => boolean): Assignment {
    const { control, missingKey } = this.plan;
    if (this.traffic.killed) return this.leftToControl(caller);
    const forced = this.forcedBy(caller);
    const given = this.plan.key?.(caller, rows);
    const sticky = given !== undefined;
    if (!sticky && rows) this.sayKeyless();
    if (forced === undefined && !sticky && this.plan.key && missingKey === 'control') return this.leftToControl(caller);
    const key = given ?? caller.requestId;
    const assigned = forced ?? this.chosen(key);
    const served = assigned === control || this.canServe(assigned, fits) ? assigned : control;
    return { caller, assigned, served, key, sticky, forced: forced !== undefined, isRandom: forced === undefined };
  }

  /**
   * Runs what was chosen for these requests, all of them the same. A variant that cannot run is replaced by the control.
   * @throws what the control's run throws, or the variant's where the request itself is to blame
   */
  run<T>(assignments: readonly Assignment[], run: VariantRun<T>, isFirst = true): Promise<T> {
    const { served } = assignments[0]!;
    const { control } = this.plan;
    const variant = served === control ? undefined : this.loaded(this.plan.variants[served]!);
    // It may have gone since it was chosen.
    if (!variant) return this.runControl(assignments, run, isFirst);
    return this.runOn({ assignments, run, isFirst, served, model: variant }, (error) => {
      if (!isUnable(error)) return undefined;
      this.sayFallback(served, error);
      return this.runControl(assignments, run, isFirst);
    });
  }

  /** The model that answers for a variant now; loaded first if need be. @throws as {@link ModelDirectory.use} */
  use(variant: number): ServedModel | Promise<ServedModel> {
    const { model, version } = this.plan.variants[variant]!;
    return this.parts.directory.use(model, version);
  }

  close(): void {
    this.shadows.close();
  }

  private runControl<T>(assignments: readonly Assignment[], run: VariantRun<T>, isFirst: boolean): Promise<T> {
    const served = this.plan.control;
    const given = attempt(() => this.use(served));
    if (!(given instanceof Promise)) return this.runOn({ assignments, run, isFirst, served, model: given });
    return given.then((model) => this.runOn({ assignments, run, isFirst, served, model }));
  }

  /** `instead`: what else may answer after such an error. */
  private runOn<T>(turn: Turn<T>, instead?: (error: unknown) => Promise<T> | undefined): Promise<T> {
    if (turn.isFirst) this.note(turn);
    const given = attempt(() => turn.run.on(turn.model));
    const answered = (answer: T): T | Promise<T> => {
      const wait = turn.isFirst ? this.count(turn, 'answered') : undefined;
      if (turn.isFirst) this.offer(turn, answer);
      return wait ? wait.then(() => answer) : answer;
    };
    if (!(given instanceof Promise)) return Promise.resolve(answered(given));
    return given.then(answered, (error: unknown) => {
      const other = instead?.(error);
      if (other) return other;
      if (turn.isFirst) this.countFailure(turn);
      throw error;
    });
  }

  /** Before it runs, so that whoever keeps the run knows. */
  private note({ assignments, served, model }: Turn<unknown>): void {
    const { name: experiment, names, variants } = this.plan;
    const alias = variants[served]!.version;
    const use: ModelUse = {
      model: model.name,
      version: model.version,
      ...(alias !== undefined && alias !== model.version && { alias }),
      experiment,
      variant: names[served]!,
    };
    for (const { caller } of assignments) caller.noteModel?.(use);
  }

  private offer<T>({ run, served, assignments }: Turn<T>, answer: T): void {
    if (this.traffic.killed || this.plan.shadows.length === 0) return;
    this.shadows.offer(run, answer, this.plan.names[served]!, assignments[0]!.caller.requestId);
  }

  private countFailure(turn: Turn<unknown>): void {
    // Whether its record can be kept does not matter to a caller who has no answer.
    const wait = attempt(() => this.count(turn, 'failed'));
    if (wait instanceof Promise) wait.catch(() => undefined);
  }

  /** Gives a promise where the answer has to wait for the exposures' records. */
  private count(
    { assignments, served, model, run }: Turn<unknown>,
    outcome: 'answered' | 'failed',
  ): Promise<unknown> | undefined {
    const counters = this.counters[served]!;
    if (outcome === 'answered') counters.rows += run.rows;
    let waits: Promise<void>[] | undefined;
    for (const assignment of assignments) {
      const { counted } = assignment;
      assignment.counted = outcome;
      if (counted !== outcome && outcome === 'failed') counters.errors++;
      if (counted === 'failed' && outcome === 'answered') counters.errors--;
      if (!counted) this.countOnce(assignment, served, model);
      if (assignment.kept) (waits ??= []).push(assignment.kept);
    }
    return waits && Promise.all(waits);
  }

  private countOnce(assignment: Assignment, served: number, model: ServedModel): void {
    const counters = this.counters[served]!;
    counters.requests++;
    if (assignment.forced) counters.forced++;
    if (assignment.assigned !== served) this.counters[assignment.assigned]!.fallbacks++;
    assignment.kept = this.expose(assignment, served, model);
  }

  private expose(assignment: Assignment, served: number, model: ServedModel): void | Promise<void> {
    const { plan, parts } = this;
    const { caller, key, sticky, assigned, isRandom } = assignment;
    const variant = plan.names[served]!;
    if (plan.reveal) caller.setHeader?.(VARIANT_HEADER, variant);
    if (isRandom) {
      const weights = this.traffic.weights(parts.clock.epochMs());
      this.outcomes.expose(assigned, sticky ? key : undefined, caller.requestId, weights);
    }
    if (!exposureChannel.hasSubscribers && !parts.keeper) return undefined;
    const event = this.eventOf(assignment, variant, model);
    if (exposureChannel.hasSubscribers) exposureChannel.publish(event);
    return parts.keeper?.keep(event, caller);
  }

  private eventOf(assignment: Assignment, variant: string, { name: model, version }: ServedModel): ExposureEvent {
    const { plan } = this;
    const { key, sticky, forced, assigned, caller } = assignment;
    return {
      experiment: plan.name,
      variant,
      assigned: plan.names[assigned]!,
      model,
      version,
      requestId: caller.requestId,
      key: plan.exposedKey === 'plain' ? key : hash('sha256', `${plan.salt}\0${key}`).slice(0, HASH_CHARS),
      sticky,
      forced,
      epochMs: this.parts.clock.epochMs(),
    };
  }

  private chosen(key: string): number {
    const { salt, names } = this.plan;
    return chooseVariant(salt, names, this.traffic.weights(this.parts.clock.epochMs()), key);
  }

  private forcedBy(caller: AssignedCaller): number | undefined {
    if (!this.plan.allowForced) return undefined;
    const wanted = caller.header(VARIANT_HEADER);
    if (wanted === undefined || wanted === '') return undefined;
    const place = this.plan.names.indexOf(wanted);
    if (place < 0) throw unknownVariant(this.name, wanted, this.plan.names);
    return place;
  }

  private leftToControl(caller: AssignedCaller): Assignment {
    this.unassigned++;
    const { control } = this.plan;
    const key = caller.requestId;
    return { caller, assigned: control, served: control, key, sticky: false, forced: false, isRandom: false };
  }

  private canServe(variant: number, fits: ((served: ServedModel) => boolean) | undefined): boolean {
    const served = this.loaded(this.plan.variants[variant]!);
    if (served && (!fits || fits(served))) return true;
    this.sayFallback(variant, served ? new Error('it has other inputs or outputs than the control') : undefined);
    return false;
  }

  /** What is loaded and well; otherwise its load begins, which nobody waits for. */
  private loaded({ model, version }: NamedModel): ServedModel | undefined {
    try {
      const served = this.parts.directory.use(model, version);
      if (!(served instanceof Promise)) return served.state === 'ready' ? served : undefined;
      served.catch(() => undefined);
    } catch {
      // There is no such model or version now.
    }
    return undefined;
  }

  /** Whether requests wait for one of the variants' models. */
  private isBusy(): boolean {
    return this.plan.variants.some((variant) => (this.loaded(variant)?.gate.stats().queuedRequests ?? 0) > 0);
  }

  /** Once: that a column is misspelt, or no single value, shows nowhere else. */
  private sayKeyless(): void {
    const { name, keyText, missingKey } = this.plan;
    if (this.saidKeyless || !keyText.startsWith('column:')) return;
    this.saidKeyless = true;
    const chosen = missingKey === 'control' ? 'it goes to the control' : 'its request id chooses';
    this.parts.log.warn(
      `experiment '${name}': a request's first row has no single value in ${keyText}, so ${chosen}; this is said once`,
    );
  }

  /** Once a minute at most; the counters have all of them. */
  private sayFallback(variant: number, error: unknown): void {
    const { clock, log } = this.parts;
    const now = clock.now();
    if (now - this.saidAt < LOG_EVERY_MS) return;
    this.saidAt = now;
    const { name, names, control } = this.plan;
    const why = error instanceof Error ? error.message : 'its model is not loaded';
    log.warn(`experiment '${name}': '${names[variant]}' cannot answer, '${names[control]}' does instead: ${why}`);
  }
}

/** A promise that rejects, where it throws at once. */
function attempt<T>(work: () => T | Promise<T>): T | Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

function isUnable(error: unknown): boolean {
  return WitanError.is(error) && UNABLE.has(error.code);
}
