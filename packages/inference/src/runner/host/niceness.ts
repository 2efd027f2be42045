import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Model runs use every core they are given; the main thread answers everybody. When both want a core, the main thread
 * shall have it: on two cores, beside a model that kept both busy, a light route's p99 fell from 10 to 5 ms.
 * 10 of Linux's 0 to 19, each step being a tenth or so of a busy core.
 */
export const DEFAULT_NICENESS = 10;

/**
 * Makes the calling thread, and the threads that it starts from now on, give way to others. Only Linux has a priority
 * for each thread; elsewhere, or where it is not allowed, the thread stays as it is.
 */
export function giveWay(niceness: number): void {
  if (niceness === 0 || process.platform !== 'linux') return;
  try {
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(threadId, niceness);
  } catch {
    // A sandbox without /proc: runs are as quick, only the main thread waits longer.
  }
}

/** The same for a child process that was just started and has one thread. */
export function makeGiveWay(pid: number | undefined, niceness: number): void {
  if (niceness === 0 || pid === undefined || process.platform !== 'linux') return;
  try {
    setPriority(pid, niceness);
  } catch {
    // It may have ended already.
  }
}
