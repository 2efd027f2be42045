import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A file that grows by whole pieces. What a failed write left behind is overwritten by the next one and cut off in the
 * end, so that the file never has half a piece in its middle.
 */
export class PartFile {
  /** All whole pieces. */
  bytes = 0;
  private sealed = false;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly fsync: boolean,
  ) {}

  /** @param fsync after each piece */
  static async create(path: string, fsync: boolean): Promise<PartFile> {
    await mkdir(dirname(path), { recursive: true });
    return new PartFile(path, await open(path, 'wx'), fsync);
  }

  async append(piece: Uint8Array): Promise<void> {
    for (let done = 0; done < piece.length;) {
      const { bytesWritten } = await this.file.write(piece, done, piece.length - done, this.bytes + done);
      done += bytesWritten;
    }
    if (this.fsync) await this.file.datasync();
    this.bytes += piece.length;
  }

  /** Makes it durable and closes it; it stays where it is. */
  async seal(): Promise<void> {
    if (this.sealed) return;
    await this.file.truncate(this.bytes);
    await this.file.sync();
    await this.file.close();
    this.sealed = true;
  }

  /** Closes it as it is. */
  async abandon(): Promise<void> {
    await this.file.close().catch(() => undefined);
  }
}

/** Makes a file durable that somebody else has written. */
export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.sync().finally(() => file.close());
}

/** Moves a whole file to the place where readers look; they never see a part of it. */
export async function publish(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  // The entry in the folder too; not every system can.
  const folder = await open(dirname(to), 'r').catch(() => undefined);
  await folder?.sync().finally(() => folder.close());
}

/** Removes a file that may not be there. */
export async function discard(path: string): Promise<void> {
  await rm(path, { force: true });
}
