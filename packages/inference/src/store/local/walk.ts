import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { isSafeRelativePath } from '../path-fault.js';

/** Deeper than any layout of models. */
const MAX_DEPTH = 32;

/** What a walk found: files as parallel lists, so that they cross a thread boundary cheaply. */
export interface Walk {
  readonly paths: string[];
  readonly bytes: number[];
  readonly revisions: string[];
  /** Folders below the root, `''` the root itself. */
  readonly folders: string[];
  /** What was left out, one text each: links that leave the root, names that no store may have. */
  readonly refused: string[];
  /** Of these, what may not be read: it may well be there. */
  readonly unreadable: string[];
}

/** Changes whenever the content does, unless somebody sets back the time of a file written in place with as many bytes. */
export function revisionOf(info: Stats): string {
  return `${info.size}-${info.mtimeMs}-${info.ino}`;
}

/** Whether a real path lies at or below a real root. */
export function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/**
 * All files at or below `folder` of a real `root`, links followed as long as they stay inside. Synchronous: an
 * asynchronous walk costs the event loop five times as much.
 * @throws what the file system throws for `folder` itself, and `ELEAVES` when a link leads out of the root
 */
export function walk(root: string, folder: string): Walk {
  const found: Walk = { paths: [], bytes: [], revisions: [], folders: [], refused: [], unreadable: [] };
  const start = realpathSync(join(root, folder));
  if (!isWithin(root, start)) throw Object.assign(new Error(`${folder} leaves the root`), { code: 'ELEAVES' });
  if (statSync(start).isFile()) addFile(found, folder, start);
  else walkFolder({ root, found, ancestors: [] }, folder, start, 0);
  return found;
}

interface Walker {
  readonly root: string;
  readonly found: Walk;
  /** Real paths of the folders on the way: a link back to one of them would never end. */
  readonly ancestors: string[];
}

function walkFolder(walker: Walker, folder: string, real: string, depth: number): void {
  walker.found.folders.push(folder);
  walker.ancestors.push(real);
  for (const entry of readdirSync(real, { withFileTypes: true })) {
    if (!entry.name.startsWith('.')) visit(walker, folder, real, entry, depth);
  }
  walker.ancestors.pop();
}

function visit(walker: Walker, folder: string, real: string, entry: Dirent, depth: number): void {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
  const place = join(real, entry.name);
  if (!isSafeRelativePath(path)) walker.found.refused.push(`${JSON.stringify(path)} is no name for a file of a store`);
  else if (entry.isFile()) addFile(walker.found, path, place);
  else if (entry.isDirectory()) descend(walker, path, place, depth);
  else if (entry.isSymbolicLink()) follow(walker, path, place, depth);
}

function descend(walker: Walker, path: string, real: string, depth: number): void {
  if (depth + 1 >= MAX_DEPTH) walker.found.refused.push(`${path} is more than ${MAX_DEPTH} folders deep`);
  else if (walker.ancestors.includes(real)) walker.found.refused.push(`${path} is a link to a folder above it`);
  else {
    try {
      walkFolder(walker, path, real, depth + 1);
    } catch (error) {
      skip(walker.found, path, error);
    }
  }
}

function follow(walker: Walker, path: string, place: string, depth: number): void {
  try {
    const real = realpathSync(place);
    if (!isWithin(walker.root, real)) walker.found.refused.push(`${path} is a link that leaves the store`);
    else if (statSync(real).isDirectory()) descend(walker, path, real, depth);
    else addFile(walker.found, path, real);
  } catch (error) {
    skip(walker.found, path, error);
  }
}

function addFile(found: Walk, path: string, place: string): void {
  try {
    const info = statSync(place);
    if (!info.isFile()) return;
    found.paths.push(path);
    found.bytes.push(info.size);
    found.revisions.push(revisionOf(info));
  } catch (error) {
    skip(found, path, error);
  }
}

/** What went away while we looked is simply not there; what may not be read is told. */
function skip(found: Walk, path: string, error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return;
  found.refused.push(`${path} cannot be read (${code})`);
  found.unreadable.push(path);
}
