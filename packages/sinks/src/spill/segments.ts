import { rename, rm } from 'node:fs/promises';

/** One file of records. */
export interface Segment {
  readonly file: string;
  /** Bytes that were written. */
  size: number;
  /** Nothing is added any more. */
  sealed: boolean;
  /** An earlier process wrote it. */
  readonly adopted?: boolean;
  /** Holds something that this version cannot read: it is put aside rather than deleted. */
  keep?: boolean;
}

/** The files of one writer, oldest first, and how far they were delivered. A sealed one that was delivered is deleted. */
export class Segments {
  private readonly list: Segment[] = [];
  /** In the first segment. */
  private offset = 0;

  add(segment: Segment): void {
    this.list.push(segment);
  }

  /** Where reading goes on; `undefined`: everything was delivered. */
  get next(): { segment: Segment; offset: number } | undefined {
    const [segment] = this.list;
    return segment && this.offset < segment.size ? { segment, offset: this.offset } : undefined;
  }

  get undeliveredBytes(): number {
    return this.list.reduce((sum, { size }) => sum + size, 0) - this.offset;
  }

  /** So many more bytes were delivered, perhaps over several files. */
  async advance(bytes: number): Promise<void> {
    this.offset += bytes;
    await this.tidy();
  }

  /** Deletes what is sealed and delivered. */
  async tidy(): Promise<void> {
    for (let [first] = this.list; first?.sealed && this.offset >= first.size; [first] = this.list) {
      this.offset -= first.size;
      this.list.shift();
      // A file that stays is delivered twice, which is allowed; that there is an error here, too.
      await (first.keep ? rename(first.file, `${first.file}.unread`) : rm(first.file, { force: true })).catch(() => {});
    }
  }
}
