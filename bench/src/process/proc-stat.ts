import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's unit of CPU time (`getconf CLK_TCK`): 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat from the third on: the second is the command in brackets, and may hold anything. */
function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** User and system time of all threads of one process so far, in seconds (to a hundredth). */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The children of a process that are alive. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return Number(statFields(candidate)[1]) === pid;
      } catch {
        return false; // it ended between the two calls
      }
    });
}

/** CPU time of a process and of all that it started and that still live. */
export function cpuSecondsOfTree(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuSecondsOfTree(child), cpuSeconds(pid));
}
