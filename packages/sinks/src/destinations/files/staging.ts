import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join, relative } from 'node:path';
import { threadId } from 'node:worker_threads';
import { Logger } from '@nestjs/common';
import { ArrowStreamReader, Frame } from '@witan/core/frame';
import type { ParquetCompression } from '../parquet/parquet-task.js';
import type { ParquetThread } from '../parquet/parquet-thread.js';
import { discard, publish } from './part-file.js';

/** Where files lie while they are written. */
export const PARTS = '.parts';
/** The folders of sinks in this thread, whichever copy of this module they came from. */
const LIVING: Set<string> = ((globalThis as Record<symbol, unknown>)[Symbol.for('witan.sinks.staging')] ??=
  new Set<string>()) as Set<string>;
const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;

/** The folder of one sink's unfinished files: the same paths as the finished ones, below `.parts/HOST~PID~THREAD~UUID`. */
export class Staging {
  private constructor(private readonly folder: string) {}

  /** Makes a folder of its own, and first finishes what processes of this host left when they were killed. */
  static async open(root: string, thread: ParquetThread, compression: ParquetCompression): Promise<Staging> {
    const name = `${encodeURIComponent(hostname())}~${process.pid}~${threadId}~${randomUUID()}`;
    const parts = join(root, PARTS);
    await mkdir(join(parts, name), { recursive: true });
    LIVING.add(name);
    for (const left of await readdir(parts)) {
      if (isAbandoned(left)) await recover(root, join(parts, left), thread, compression);
    }
    return new Staging(join(parts, name));
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  /** Removes the folder if nothing is left in it. */
  async close(): Promise<void> {
    LIVING.delete(basename(this.folder));
    if ((await filesBelow(this.folder)).length === 0) await rm(this.folder, { recursive: true, force: true });
  }
}

function isAbandoned(name: string): boolean {
  const [host, pid, thread] = name.split('~');
  if (host !== encodeURIComponent(hostname()) || LIVING.has(name) || !/^\d+$/.test(pid ?? '')) return false;
  // Of an earlier process with the number of this one, as in a container; another thread's may be of this one.
  if (Number(pid) === process.pid) return Number(thread) === threadId;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** What cannot be recovered stays where it is, and holds up nobody. */
async function recover(
  root: string,
  folder: string,
  thread: ParquetThread,
  compression: ParquetCompression,
): Promise<void> {
  for (const part of await filesBelow(folder)) {
    const path = join(root, relative(folder, part));
    try {
      if (part.endsWith('.arrows.parquet')) await discard(part);
      else if (part.endsWith('.arrows'))
        await recoverTable(part, path.slice(0, -'.arrows'.length), thread, compression);
      else await recoverLines(part, path);
    } catch (error) {
      new Logger('FileSink').warn(`${part} could not be finished: ${(error as Error).message}`);
    }
  }
  if ((await filesBelow(folder)).length === 0) await rm(folder, { recursive: true, force: true });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Up to the last whole line; a gzip file stays as it is, since tools read it to where it breaks off. */
async function recoverLines(part: string, path: string): Promise<void> {
  if (!part.endsWith('.gz')) {
    const file = await open(part, 'r+');
    await cutToLine(file).finally(() => file.close());
  }
  await publish(part, path);
}

async function cutToLine(file: FileHandle): Promise<void> {
  let end = (await file.stat()).size;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const newline = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    end = newline === -1 ? start : start + newline + 1;
    if (newline !== -1) break;
  }
  await file.truncate(end);
  await file.sync();
}

/** The batches that are whole. */
async function recoverTable(
  part: string,
  path: string,
  thread: ParquetThread,
  compression: ParquetCompression,
): Promise<void> {
  const frames = new ArrowStreamReader({ maxBytes: 2 ** 32 }, 2 ** 31).push(await readFile(part));
  if (frames.length > 0 && !existsSync(path)) {
    await publishTable(Frame.concat(frames), part, path, thread, compression);
  }
  await discard(part);
}

async function publishTable(
  table: Frame,
  part: string,
  path: string,
  thread: ParquetThread,
  compression: ParquetCompression,
): Promise<void> {
  const whole = await open(`${part}.parquet`, 'w');
  await whole.writeFile(await thread.encode(table, compression));
  await whole.sync();
  await whole.close();
  await publish(`${part}.parquet`, path);
}
