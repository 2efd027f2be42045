import { rename, rm } from 'node:fs/promises';

/** One file of records. */
export interface Segment {
  readonly file: string;
  /** Bytes that were written. */
  size: number;
  /** Where it is read from: what is before it was delivered by an earlier process. @default 0 */
  readonly start?: number;
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
    if (this.list.length === 0) this.offset = segment.start ?? 0;
    this.list.push(segment);
  }

  /** Up to where everything was delivered; `undefined`: there are no files. */
  get position(): { segment: Segment; offset: number } | undefined {
    const [segment] = this.list;
    return segment && { segment, offset: this.offset };
  }

  /** Where reading goes on; `undefined`: everything was delivered. */
  get next(): { segment: Segment; offset: number } | undefined {
    const { position } = this;
    return position && position.offset < position.segment.size ? position : undefined;
  }

  /** So many more bytes were delivered, perhaps over several files. */
  async advance(bytes: number): Promise<void> {
    this.offset += bytes;
    await this.tidy();
  }

  /** Deletes what is sealed and delivered. */
  async tidy(): Promise<void> {
    for (let [first] = this.list; first?.sealed && this.offset >= first.size; [first] = this.list) {
      this.list.shift();
      this.offset += (this.list[0]?.start ?? 0) - first.size;
      // A file that stays is delivered twice, which is allowed; that there is an error here, too.
      await (first.keep ? rename(first.file, `${first.file}.unread`) : rm(first.file, { force: true })).catch(() => {});
    }
  }
}
