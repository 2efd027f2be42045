import { once } from 'node:events';
import { getPriority } from 'node:os';
import { readlinkSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const linux = process.platform === 'linux';

/** The niceness that a new thread has after `giveWay(niceness)`, and of a thread that it started. */
async function threadAfter(niceness: number): Promise<number> {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const { readlinkSync } = require('node:fs');
    const { getPriority } = require('node:os');
    import(${JSON.stringify(new URL('./niceness.js', import.meta.url).href)}).then(({ giveWay }) => {
      giveWay(${niceness});
      parentPort.postMessage(getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))));
    });`;
  const worker = new Worker(code, { eval: true, execArgv: [] });
  const [seen] = (await once(worker, 'message')) as [number];
  await worker.terminate();
  return seen;
}

describe('giveWay', () => {
  it.runIf(linux)('lowers the priority of its own thread and of no other', async () => {
    const own = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    const before = getPriority(own);
    expect(await threadAfter(before + 7)).toBe(before + 7);
    expect(await threadAfter(0)).toBe(before);
    expect(getPriority(own)).toBe(before);
  });
});
