/**
 * Bytes that one connection's messages may have once they are decompressed, all those together that are decompressed at
 * once: a few kilobytes may stand for the largest message there may be. Who finds no room waits; one always has room.
 */
export class Unpacking {
  private bytes = 0;
  private readonly waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(private readonly maxBytes: number) {}

  /** A promise where others have to {@link leave} first. */
  enter(bytes: number): Promise<void> | undefined {
    if (this.waiting.length > 0 || !this.hasRoom(bytes)) {
      return new Promise((go) => this.waiting.push({ bytes, go }));
    }
    this.bytes += bytes;
    return undefined;
  }

  leave(bytes: number): void {
    this.bytes -= bytes;
    while (this.waiting.length > 0 && this.hasRoom(this.waiting[0]!.bytes)) {
      const next = this.waiting.shift()!;
      this.bytes += next.bytes;
      next.go();
    }
  }

  private hasRoom(bytes: number): boolean {
    return this.bytes === 0 || this.bytes + bytes <= this.maxBytes;
  }
}
