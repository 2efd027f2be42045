import { createHash } from 'node:crypto';
import { constants, copyFile, link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Blobs, NO_LINKS } from './blobs.js';
import { unless } from './cache-fault.js';
import { type CacheFolder, touch } from './cache-folder.js';
import { TREE_NOTE } from './contents.js';

/** A file of a tree: where it lies below its root, and its content. */
export interface TreeEntry {
  /** Below the tree's root. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The name of a tree: the same files with the same contents are the same tree. */
export function treeName(entries: readonly TreeEntry[]): string {
  const lines = entries.map(({ path, sha256 }) => `${sha256} ${path}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** Folders of hard links to contents. One appears whole or not at all. */
export class Trees {
  constructor(
    private readonly folder: CacheFolder,
    private readonly blobs: Blobs,
  ) {}

  path(name: string): string {
    return this.folder.path('trees', name);
  }

  /** Makes the tree unless it is there and whole. Gives false when a content went away meanwhile: it must be fetched again. */
  async ensure(name: string, entries: readonly TreeEntry[]): Promise<boolean> {
    if (await this.isWhole(name, entries)) {
      await touch(this.path(name));
      return true;
    }
    await this.discard(this.path(name));
    const scratch = this.folder.scratch();
    try {
      if (!(await this.build(scratch, entries))) return false;
      return (await this.place(scratch, name)) || this.isWhole(name, entries);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async isWhole(name: string, entries: readonly TreeEntry[]): Promise<boolean> {
    for (const { path, bytes } of entries) {
      const info = await unless(['ENOENT', 'ENOTDIR'], stat(join(this.path(name), path)));
      if (info?.size !== bytes) return false;
    }
    return (await unless(['ENOENT'], stat(join(this.path(name), TREE_NOTE)))) !== undefined;
  }

  /** Damaged from outside. Models that are loaded from it keep their files until they close them. */
  private async discard(path: string): Promise<void> {
    const scratch = this.folder.scratch();
    await unless(['ENOENT'], rename(path, scratch));
    await rm(scratch, { recursive: true, force: true });
  }

  private async build(root: string, entries: readonly TreeEntry[]): Promise<boolean> {
    await mkdir(root, { mode: 0o700 });
    for (const { path, sha256 } of entries) {
      const place = join(root, path);
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      if (!(await this.put(this.blobs.path(sha256), place))) return false;
    }
    const note = [...new Set(entries.map(({ sha256 }) => sha256))].join('\n');
    await writeFile(join(root, TREE_NOTE), note);
    return true;
  }

  private async put(blob: string, place: string): Promise<boolean> {
    try {
      await link(blob, place);
      return true;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return false;
      if (!NO_LINKS.includes(code)) throw error;
    }
    const copied = copyFile(blob, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return (
      (await unless(
        ['ENOENT'],
        copied.then(() => true),
      )) ?? false
    );
  }

  private async place(scratch: string, name: string): Promise<boolean> {
    const placed = rename(scratch, this.path(name)).then(() => true);
    return (await unless(['ENOTEMPTY', 'EEXIST'], placed)) ?? false;
  }
}
