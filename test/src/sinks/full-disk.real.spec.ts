import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const APP = fileURLToPath(new URL('./app/full-disk.js', import.meta.url));

/** In a namespace of its own, so that a small disk can be mounted without being root. */
async function onSmallDisk(onFull: string): Promise<Record<string, unknown> | undefined> {
  try {
    await run('unshare', ['-rm', 'true']);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.log(`skipped: a small disk cannot be mounted here: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'witan-full-'));
  const script = `mount -t tmpfs -o size=400k none ${folder} && exec ${process.execPath} ${APP} ${folder}/spill ${onFull}`;
  const env = { ...process.env, NODE_OPTIONS: '--conditions=witan-modules' };
  const { stdout } = await run('unshare', ['-rm', 'sh', '-c', script], { env, timeout: 60_000 });
  await rm(folder, { recursive: true });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a lossless sink on a full disk', () => {
  it('refuses requests rather than answer without a record, and goes on when there is room', async () => {
    const seen = await onSmallDisk('shed');
    if (!seen) return;
    expect(seen).toMatchObject({ refusals: ['503 SINK_ERR_SPILL'], lost: [], dropped: 0, queued: 0, spillBytes: 0 });
    expect(seen.before).toBeGreaterThan(5);
  });

  it('lets requests wait for room where it is to', async () => {
    const seen = await onSmallDisk('block');
    if (!seen) return;
    expect(seen).toMatchObject({ refusals: [], lost: [], dropped: 0, queued: 0, spillBytes: 0 });
    expect(seen.before).toBeLessThan(60);
  });
});
