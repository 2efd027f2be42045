import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { DATA_FOLDER } from '../paths.js';
import type { Effort } from './suite.js';

/** One .cpuprofile, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

const TOP = 40;
const NOT_WORK = new Set(['(idle)']);

const folderOf = (name: string): string => `${DATA_FOLDER}profiles/${name}`;

/** Node's options for a server that is to be profiled; the profile is written when it ends. */
export function profileArgs({ profile }: Effort, name: string): string[] {
  if (!profile) return [];
  rmSync(folderOf(name), { recursive: true, force: true });
  return ['--cpu-prof', `--cpu-prof-dir=${folderOf(name)}`];
}

/** Where the time of the profiled server went: the functions with the most time of their own, thread by thread. */
export function profileRemarks({ profile }: Effort, name: string): string[] {
  const folder = folderOf(name);
  if (!profile || !existsSync(folder)) return [];
  const warning = 'the server was profiled, which costs it a tenth to a third: the figures above are not to be kept';
  const profiles = readdirSync(folder).flatMap((file) => {
    const content = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as CpuProfile;
    return [`profile ${file}`, ...selfTimes(content).slice(0, TOP)];
  });
  return [warning, ...profiles];
}

/** `12.3 % name file:line`, largest first; idle time does not count. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): string[] {
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = nameOf.get(id)!;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  for (const name of NOT_WORK) times.delete(name);
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, time]) => `${((100 * time) / total).toFixed(1)} % ${name}`);
}

function frameName({ functionName, url, lineNumber }: CallFrame): string {
  const file = url.replace(/^file:\/\/.*?\/(?=packages\/|node_modules\/|bench\/|apps\/)/, '');
  const place = file === '' ? '' : ` ${file}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${place}`;
}
