import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fixtureModel } from '@witan-libs/testing';
import { describe, expect, it } from 'vitest';

const FACTORY = JSON.stringify(new URL('../runner-factory.js', import.meta.url).href);
const endless = JSON.stringify({ name: 'endless', path: fixtureModel('endless'), trusted: true });

/** A program that opens a model that hangs. */
const program = (execution: string, options: string, then: string): string[] => [
  '--input-type=module',
  '-e',
  `import { RunnerFactory } from ${FACTORY};
   const factory = new RunnerFactory({ execution: '${execution}', ${options} });
   const opened = factory.open(${endless});
   ${then}`,
];

describe('a native call that never returns', () => {
  it('in a worker: the model is given up, and the process can still end, though not with 0', async () => {
    const then = 'await opened.catch((error) => console.log(error.code)); await factory.close(0); process.exit(0);';
    const child = spawn(process.execPath, program('worker', 'loadTimeoutMs: 500', then), { stdio: 'pipe' });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect(out).toContain('INF_ERR_RUN_TIMEOUT');
    expect(out).toContain('cannot be stopped');
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it.runIf(process.platform === 'linux')('in a process: it does not outlive a parent that was killed', async () => {
    const then = 'opened.catch(() => undefined); setInterval(() => undefined, 1000); console.log(1);';
    const child = spawn(process.execPath, program('process', 'loadTimeoutMs: 600_000', then), { stdio: 'pipe' });
    await once(child.stdout, 'data');
    const grandchildren = await expect
      .poll(() => childrenOf(child.pid!), { timeout: 10_000 })
      .toHaveLength(1)
      .then(() => childrenOf(child.pid!));
    // Inside native code it takes a whole core.
    await expect.poll(() => cpuTicksOf(grandchildren[0]!), { timeout: 20_000 }).toBeGreaterThan(100);
    child.kill('SIGKILL');
    await expect.poll(() => isAlive(grandchildren[0]!), { timeout: 10_000 }).toBe(false);
  });
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function cpuTicksOf(pid: number): number {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  return Number(fields!.split(' ')[11]);
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
