import { fork } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { DEFAULT_NICENESS, makeGiveWay } from './niceness.js';
import type { HostReply, HostRequest, WorkerData } from './protocol.js';

/** The line to one host. After `onExit` fires nothing more comes. */
export interface HostLink {
  post(request: HostRequest, transfer: readonly ArrayBuffer[]): void;
  onReply(listener: (reply: HostReply) => void): void;
  /** `why` is for people: `exit code 1`, `heap limit`, `signal SIGKILL`. */
  onExit(listener: (why: string) => void): void;
  /** While referenced, the host keeps this process alive. */
  setReferenced(on: boolean): void;
  /** Ends a host that may be inside native code. A process is killed. A thread cannot be: it is left alone until it answers, and then ended. */
  abandon(): void;
}

export type HostLinkFactory = () => HostLink;

/** How a worker is bounded. */
export interface WorkerLimits {
  /** See `RunnerDefaults.niceness`. @default 10 */
  readonly niceness?: number;
  /** Old generation, in MB; passing it ends the worker, not the process. */
  readonly maxHeapMb?: number;
}

const WORKER_ENTRY = new URL('./worker-entry.js', import.meta.url);
const PROCESS_ENTRY = fileURLToPath(new URL('./process-entry.js', import.meta.url));

export function workerLink(limits: WorkerLimits = {}): HostLink {
  const worker = new Worker(WORKER_ENTRY, {
    name: 'witan-runner',
    // The program's own flags (--import, --input-type, inspectors) are not for this thread.
    execArgv: [],
    workerData: { niceness: limits.niceness ?? DEFAULT_NICENESS } satisfies WorkerData,
    ...(limits.maxHeapMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: limits.maxHeapMb } }),
  });
  return linkOf(worker);
}

/** Threads that were given up inside native code. */
const stuck = new Set<Worker>();

/**
 * A process with a thread inside native code cannot end: exit waits for that thread for ever, or is aborted by it. A
 * signal ends it, and its exit code is not 0.
 */
function endByForce(): void {
  writeSync(2, 'witan: a model is still inside a native call and cannot be stopped; ending the process by force\n');
  process.kill(process.pid, 'SIGKILL');
}

function giveUp(worker: Worker): void {
  if (stuck.size === 0) process.on('exit', endByForce);
  stuck.add(worker);
  worker.once('exit', () => {
    stuck.delete(worker);
    if (stuck.size === 0) process.off('exit', endByForce);
  });
}

/** The line to a worker thread; apart from {@link workerLink} for those who bring their own. */
export function linkOf(worker: Worker): HostLink {
  let lastError: Error | undefined;
  worker.on('error', (error: Error) => (lastError = error));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer as ArrayBuffer[]),
    onReply: (listener) => worker.on('message', listener),
    onExit: (listener) => worker.once('exit', (code) => listener(reasonOf(lastError, code))),
    setReferenced: (on) => (on ? worker.ref() : worker.unref()),
    abandon() {
      worker.removeAllListeners('message');
      worker.once('message', () => worker.postMessage({ op: 'end' } satisfies HostRequest));
      giveUp(worker);
      worker.unref();
    },
  };
}

function reasonOf(error: Error | undefined, code: number): string {
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return 'its JavaScript heap reached its limit';
  return error ? `uncaught ${error.name}: ${error.message}` : `exit code ${code}`;
}

/** `niceness` 0: the process has this one's priority, so that what it measures holds here. */
export function processLink(niceness = 0): HostLink {
  const child = fork(PROCESS_ENTRY, { serialization: 'advanced', execArgv: [] });
  makeGiveWay(child.pid, niceness);
  return {
    post: (request) => void child.send(request, () => undefined),
    onReply: (listener) => child.on('message', listener as (reply: unknown) => void),
    onExit(listener) {
      child.once('exit', (code, signal) => listener(signal ? `signal ${signal}` : `exit code ${code}`));
      // A process that could not even start has no exit.
      child.on('error', (error) => child.pid === undefined && listener(error.message));
    },
    setReferenced(on) {
      if (on) child.ref();
      else child.unref();
      if (on) child.channel?.ref();
      else child.channel?.unref();
    },
    abandon: () => void child.kill('SIGKILL'),
  };
}
