import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { decodeArrowStream, type Frame, inferFrameFromJson } from '@witan/core/frame';
import { STATE_FORMAT } from '../summary-state.js';
import { summaryError } from '../summary.errors.js';
import type { RecordedBaseline } from './baseline.js';
import { checkState } from './check-state.js';

const MAX_BYTES = 256 * 1024 * 1024;
const KINDS = ['.json', '.arrow'];

/** What a file is a baseline of, and where it is. */
export interface BaselineFile {
  readonly model: string;
  readonly path: string;
}

/** What a baseline file holds: a recorded summary, or training rows. */
export type BaselineContent = { readonly record: RecordedBaseline } | { readonly frame: Frame };

/** The baseline files of a folder, by model; none where there is no such folder yet. */
export async function baselineFiles(folder: string): Promise<BaselineFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fault(folder, error);
  });
  return names
    .filter((name) => KINDS.includes(extname(name)))
    .sort()
    .map((name) => ({ model: modelOf(basename(name, extname(name))), path: join(folder, name) }));
}

/**
 * What a baseline file holds. `.json`: a recorded summary, or rows as records or columns; `.arrow`: rows as an Arrow IPC
 * stream.
 * @throws {TEL_ERR_BASELINE_FILE}
 */
export async function readBaselineFile(path: string): Promise<BaselineContent> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new RangeError(`${size} bytes; at most ${MAX_BYTES} are read`);
    const bytes = await readFile(path);
    if (extname(path) === '.arrow') return { frame: decodeArrowStream(bytes) };
    return contentOf(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw fault(path, error);
  }
}

/**
 * Writes a recorded baseline as its model's file: whole or not at all.
 * @throws {TEL_ERR_BASELINE_WRITE}
 */
export async function writeBaselineFile(folder: string, record: RecordedBaseline): Promise<void> {
  const path = join(folder, `${encodeURIComponent(record.model)}.json`);
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw summaryError('TEL_ERR_BASELINE_WRITE', `${path}: ${(cause as Error).message}`, { cause });
  }
}

function contentOf(parsed: unknown): BaselineContent {
  const isRecord =
    typeof parsed === 'object' && parsed !== null && 'format' in parsed && parsed.format === STATE_FORMAT;
  if (!isRecord) return { frame: inferFrameFromJson(parsed) };
  checkState(parsed);
  const { version = '', model = '' } = parsed as Partial<RecordedBaseline>;
  return { record: { ...parsed, model: String(model), version: String(version) } };
}

function modelOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function fault(path: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return summaryError('TEL_ERR_BASELINE_FILE', `${path}: ${why.slice(0, 500)}`, { cause });
}
