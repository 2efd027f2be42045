import { type Clock, type TimerHandle, WitanError } from '@witan/core';
import { inferenceError, loadErrorText } from '../../inference.errors.js';
import type { TensorMap } from '../../tensor/tensor.js';
import type { LoadReport } from '../runner.js';
import { packParcel } from './compact.js';
import type { HostLink, HostLinkFactory } from './host-link.js';
import type { HostReply, HostRequest, LoadRequest } from './protocol.js';

export interface HostPoolOptions {
  readonly kind: 'worker' | 'process';
  /** How many hosts. */
  readonly size: number;
  readonly link: HostLinkFactory;
  readonly clock: Clock;
  readonly loadTimeoutMs: number;
  /** A model of this pool failed for good: its run hung, or it would not load into a replaced host. */
  readonly onModelFailed?: (model: string, error: WitanError) => void;
}

interface Job {
  readonly request: HostRequest;
  readonly timeoutMs: number;
  readonly resolve: (value: LoadReport | TensorMap | undefined) => void;
  readonly reject: (error: WitanError) => void;
  /** The load of a known model into a host that replaces another. */
  readonly replacing?: boolean;
}

/** One place of the pool: a host, replaced when it ends. */
interface Slot {
  link: HostLink | undefined;
  job: Job | undefined;
  timer: TimerHandle | undefined;
  /** Requests for this slot only (loads, unloads); they go before runs. */
  readonly own: Job[];
  readonly loaded: Set<string>;
}

/**
 * A fixed number of hosts that share a list of models. Each host has one request under way; runs wait in one queue
 * here, so that whoever is free takes the next, and the end of a host fails nothing but what it was doing.
 */
export class HostPool {
  private readonly slots: Slot[];
  private readonly queue: Job[] = [];
  private readonly models = new Map<string, { request: LoadRequest; timeoutMs: number }>();
  private closed = false;
  private idle: (() => void) | undefined;

  constructor(private readonly options: HostPoolOptions) {
    this.slots = Array.from({ length: options.size }, () => ({
      link: undefined,
      job: undefined,
      timer: undefined,
      own: [],
      loaded: new Set<string>(),
    }));
  }

  get size(): number {
    return this.slots.length;
  }

  get modelCount(): number {
    return this.models.size;
  }

  /** Loads a model into every host: into the first alone, so that a bad file costs one load. */
  async load(request: LoadRequest, timeoutMs = this.options.loadTimeoutMs): Promise<LoadReport> {
    const [first, ...rest] = this.slots;
    const report = (await this.command(first!, request, timeoutMs)) as LoadReport;
    this.models.set(request.model, { request, timeoutMs });
    try {
      await Promise.all(rest.map((slot) => this.command(slot, request, timeoutMs)));
    } catch (error) {
      await this.unload(request.model);
      throw error;
    }
    return report;
  }

  /** Runs a model on the next free host. */
  run(model: string, feeds: TensorMap, outputs: readonly string[], timeoutMs: number): Promise<TensorMap> {
    return new Promise((resolve, reject) => {
      this.queue.push({
        request: { op: 'run', model, feeds, outputs },
        timeoutMs,
        resolve: resolve as Job['resolve'],
        reject,
      });
      this.dispatch();
    });
  }

  /** Forgets a model: refuses its runs that wait, and unloads it after the one under way. */
  async unload(model: string): Promise<void> {
    this.models.delete(model);
    this.rejectQueued(model, inferenceError('INF_ERR_MODEL_CLOSED', `model '${nameOf(model)}' was unloaded`));
    const live = this.slots.filter((slot) => slot.link && slot.loaded.has(model));
    await Promise.allSettled(live.map((slot) => this.command(slot, { op: 'unload', model })));
  }

  /** Waits up to `drainMs` for the runs under way, then ends every host; one inside a native call is left to end itself. */
  async close(drainMs: number): Promise<void> {
    await this.drained(drainMs);
    this.closed = true;
    const error = inferenceError('INF_ERR_MODEL_CLOSED', 'the runner was closed before this run began');
    for (const job of this.queue.splice(0)) job.reject(error);
    await Promise.all(this.slots.map((slot) => this.end(slot)));
  }

  private drained(drainMs: number): Promise<void> {
    if (drainMs <= 0 || this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.options.clock.setTimer(resolve, drainMs);
      this.idle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  private isIdle(): boolean {
    return this.queue.length === 0 && this.slots.every((slot) => !slot.job && slot.own.length === 0);
  }

  private end(slot: Slot): Promise<void> {
    const { link, job } = slot;
    if (!link) return Promise.resolve();
    for (const waiting of slot.own.splice(0)) waiting.reject(closedError());
    if (job) {
      this.dropLink(slot);
      link.abandon();
      job.reject(closedError());
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      link.onExit(() => resolve());
      link.setReferenced(true);
      link.post({ op: 'end' }, []);
    });
  }

  private command(
    slot: Slot,
    request: HostRequest,
    timeoutMs = this.options.loadTimeoutMs,
    replacing = false,
  ): Promise<LoadReport | TensorMap | undefined> {
    return new Promise((resolve, reject) => {
      slot.own.push({ request, timeoutMs, resolve, reject, replacing });
      this.advance(slot);
    });
  }

  private dispatch(): void {
    for (const slot of this.slots) {
      if (this.queue.length === 0) return;
      if (!slot.job) this.advance(slot);
    }
  }

  /** Gives a free slot its next request. */
  private advance(slot: Slot): void {
    if (slot.job || this.closed) return;
    const job = slot.own.shift() ?? this.takeFor(slot);
    if (job) this.start(slot, job);
    else if (this.idle && this.isIdle()) this.idle();
  }

  private takeFor(slot: Slot): Job | undefined {
    const at = this.queue.findIndex((job) => slot.loaded.has((job.request as LoadRequest).model));
    return at < 0 ? undefined : this.queue.splice(at, 1)[0];
  }

  private start(slot: Slot, job: Job): void {
    const link = (slot.link ??= this.connect(slot));
    slot.job = job;
    slot.timer = this.options.clock.setTimer(() => this.timedOut(slot, job), job.timeoutMs);
    link.setReferenced(true);
    const { request } = job;
    if (request.op !== 'run') return link.post(request, []);
    const { tensors, transfer } = packParcel(request.feeds);
    link.post({ ...request, feeds: tensors }, transfer);
  }

  private connect(slot: Slot): HostLink {
    const link = this.options.link();
    link.setReferenced(false);
    link.onReply((reply) => slot.link === link && this.replied(slot, reply));
    link.onExit((why) => slot.link === link && this.exited(slot, why));
    return link;
  }

  private replied(slot: Slot, reply: HostReply): void {
    const job = this.release(slot);
    if (!job) return;
    slot.link?.setReferenced(false);
    if (reply.ok && job.request.op === 'load') slot.loaded.add(job.request.model);
    if (job.request.op === 'unload') slot.loaded.delete(job.request.model);
    // The host has its next request before the answer is looked at.
    this.advance(slot);
    if (reply.ok) job.resolve(reply.value);
    else job.reject(inferenceError(reply.code, textOf(job.request, reply.message)));
  }

  /** Takes the job off a slot. */
  private release(slot: Slot): Job | undefined {
    const { job } = slot;
    slot.timer?.cancel();
    slot.timer = undefined;
    slot.job = undefined;
    return job;
  }

  private dropLink(slot: Slot): Job | undefined {
    slot.link = undefined;
    slot.loaded.clear();
    return this.release(slot);
  }

  private exited(slot: Slot, why: string): void {
    const job = this.dropLink(slot);
    if (this.closed) return;
    const what = job?.request.op === 'load' ? `loading '${nameOf(job.request.model)}'` : 'this batch';
    const error = inferenceError('INF_ERR_RUNNER_EXIT', `the ${this.options.kind} ended during ${what}: ${why}`, {
      details: { why },
    });
    // A model that ends its host by being loaded must not be loaded into the next one.
    if (job?.replacing) this.fail((job.request as LoadRequest).model, error);
    this.replace(slot);
    job?.reject(error);
  }

  private timedOut(slot: Slot, job: Job): void {
    const link = slot.link!;
    this.dropLink(slot);
    link.abandon();
    const error = timeoutError(job, this.options.kind);
    // A thread inside native code cannot be ended, so its model must not hang a second one.
    if (job.replacing || (this.options.kind === 'worker' && job.request.op === 'run'))
      this.fail((job.request as LoadRequest).model, error);
    this.replace(slot);
    job.reject(error);
  }

  /** Loads the pool's models into a new host for this slot. */
  private replace(slot: Slot): void {
    slot.own.splice(0, slot.own.length, ...slot.own.filter((job) => !job.replacing));
    for (const { request, timeoutMs } of this.models.values()) {
      const load = this.command(slot, { ...request, warmUpRows: 0 }, timeoutMs, true);
      load.catch((error: WitanError) => this.fail(request.model, error));
    }
    this.advance(slot);
  }

  private fail(model: string, cause: WitanError): void {
    if (!this.models.delete(model)) return;
    const error = inferenceError(
      'INF_ERR_MODEL_FAILED',
      `model '${nameOf(model)}' failed and takes no more runs: ${cause.message}`,
      { cause },
    );
    this.rejectQueued(model, error);
    this.options.onModelFailed?.(model, error);
  }

  private rejectQueued(model: string, error: WitanError): void {
    for (let at = this.queue.length - 1; at >= 0; at--) {
      const job = this.queue[at]!;
      if ((job.request as LoadRequest).model !== model) continue;
      this.queue.splice(at, 1);
      job.reject(error);
    }
  }
}

/** A key is the model's name and a number that sets apart those of equal name. */
function nameOf(key: string): string {
  return key.replace(/#\d+$/, '');
}

function closedError(): WitanError {
  return inferenceError('INF_ERR_MODEL_CLOSED', 'the runner was closed while this run was under way');
}

function timeoutError(job: Job, kind: 'worker' | 'process'): WitanError {
  const model = 'model' in job.request ? nameOf(job.request.model) : '';
  const what = job.request.op === 'run' ? 'a run of' : 'loading';
  return inferenceError(
    'INF_ERR_RUN_TIMEOUT',
    `${what} model '${model}' did not end within ${job.timeoutMs} ms; the ${kind} was ${kind === 'process' ? 'killed and replaced' : 'given up'}`,
  );
}

function textOf(request: HostRequest, message: string): string {
  if (request.op === 'load') return loadErrorText(request.path, message);
  return `the model failed on this batch: ${message}`;
}
