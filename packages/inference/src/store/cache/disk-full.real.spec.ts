import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FileServer } from '@witan-libs/testing';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('./cache-process.spec.child.js', import.meta.url));

/** In a namespace of its own, so that a small disk can be mounted without being root. */
async function onSmallDisk(folder: string, script: string): Promise<string | undefined> {
  try {
    await run('unshare', ['-rm', 'true']);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.log(`skipped: a small disk cannot be mounted here: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  const mount = `mount -t tmpfs -o size=600k none ${folder} && `;
  return (await run('unshare', ['-rm', 'sh', '-c', mount + script])).stdout;
}

it('a full disk is said, leaves nothing half, and takes what fits after; what nobody uses makes room first', async () => {
  const server = await FileServer.start();
  const cacheDir = await mkdtemp(join(tmpdir(), 'witan-full-'));
  server.put('large.onnx', Buffer.alloc(1_000_000, 1));
  server.put('a.onnx', Buffer.alloc(300_000, 2));
  server.put('b.onnx', Buffer.alloc(300_000, 3));
  const options = JSON.stringify({ url: server.url, cacheDir, paths: ['large.onnx', 'a.onnx', 'b.onnx'] });
  const out = await onSmallDisk(
    cacheDir,
    `${process.execPath} ${CHILD} '${options}' && ls ${cacheDir}/parts ${cacheDir}/building`,
  );
  await server.close();
  await rm(cacheDir, { recursive: true });
  if (out === undefined) return;
  const [line = '', ...listed] = out.split('\n');
  expect(JSON.parse(line)).toEqual([
    { path: 'large.onnx', code: 'INF_ERR_STORE_FULL', message: expect.stringContaining('is full (ENOSPC)') },
    { path: 'a.onnx', bytes: 300_000, first: 2, last: 2 },
    { path: 'b.onnx', bytes: 300_000, first: 3, last: 3 },
  ]);
  expect(listed.filter((each) => each !== '' && !each.endsWith(':'))).toEqual([]);
});
