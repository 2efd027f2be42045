import { type FileHandle, open } from 'node:fs/promises';

/** What is read ahead; and the longest part that {@link FileWindow.slice} gives. */
export const WINDOW_BYTES = 256 * 1024;

/** Parts of a file without reading the rest: weights of gigabytes are stepped over. */
export class FileWindow {
  private start = 0;
  private bytes: Uint8Array = new Uint8Array(0);

  private constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  static async open(path: string): Promise<FileWindow> {
    const handle = await open(path, 'r');
    try {
      return new FileWindow(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The bytes from `from` to before `to`; to be used before the next call. At most {@link WINDOW_BYTES}. */
  slice(from: number, to: number): Uint8Array | Promise<Uint8Array> {
    const isHere = from >= this.start && to <= this.start + this.bytes.length;
    return isHere ? this.bytes.subarray(from - this.start, to - this.start) : this.load(from, to);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async load(from: number, to: number): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, this.size - from));
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, from);
    this.start = from;
    this.bytes = buffer.subarray(0, bytesRead);
    if (to - from > bytesRead) throw new RangeError('the file is shorter than it was');
    return this.bytes.subarray(0, to - from);
  }
}
