import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Who wrote a file of the shared cache folder, as part of the file's name: the place where process ids mean something
 * (host, boot, pid namespace), the process with its start, and one of its caches.
 */
export function newOwner(): string {
  return [place(), process.pid, startOf(process.pid) ?? 0, randomBytes(4).toString('hex')].join('-');
}

/** `'unknown'` for a process of another host or container: only the age of what it left tells. */
export function ownerState(owner: string): 'alive' | 'dead' | 'unknown' {
  const [at, pid, start] = owner.split('-');
  if (at !== place() || !/^\d+$/.test(pid ?? '')) return 'unknown';
  if (!isRunning(Number(pid))) return 'dead';
  const now = startOf(Number(pid));
  return now === undefined || String(now) === start ? 'alive' : 'dead';
}

let knownPlace: string | undefined;

function place(): string {
  const parts = [hostname(), attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))];
  parts.push(attempt(() => readlinkSync('/proc/self/ns/pid')));
  return (knownPlace ??= createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** In clock ticks since boot: another process may have got the same id. Field 22; the name before it may hold anything. */
function startOf(pid: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return field === undefined || field === '' ? undefined : Number(field);
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
