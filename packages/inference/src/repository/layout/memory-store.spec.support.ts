import type { Store, StoreFile } from '../../store/store.js';

type Content = string | Uint8Array;

/** A store in memory, for specs of layouts: files by path; it counts what it is asked, and refuses what it is told to. */
export class MemoryStore implements Store {
  readonly reads: string[] = [];
  lists = 0;
  /** By path: what reading it fails with. */
  readonly failing = new Map<string, Error>();
  /** What is left out of lists. */
  unreadable: readonly string[] = [];
  private readonly files = new Map<string, { content: Content; revision: number }>();
  private revision = 0;

  constructor(
    files: Readonly<Record<string, Content>> = {},
    readonly uri = 'memory://shelf',
  ) {
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  put(path: string, content: Content = ''): this {
    this.files.set(path, { content, revision: ++this.revision });
    return this;
  }

  remove(path: string): void {
    this.files.delete(path);
  }

  async list(folder: string): Promise<readonly StoreFile[]> {
    this.lists++;
    const isHidden = (path: string): boolean => this.unreadable.some((each) => `${path}/`.startsWith(`${each}/`));
    const paths = [...this.files.keys()].filter((path) => !isHidden(path)).sort();
    return paths.filter((path) => folder === '' || path.startsWith(`${folder}/`)).map((path) => this.fileOf(path)!);
  }

  async stat(path: string): Promise<StoreFile | undefined> {
    return this.fileOf(path);
  }

  async read({ path }: StoreFile): Promise<AsyncIterable<Uint8Array>> {
    this.reads.push(path);
    const failure = this.failing.get(path);
    if (failure) throw failure;
    return chunksOf(Buffer.from(this.files.get(path)!.content));
  }

  async close(): Promise<void> {}

  private fileOf(path: string): StoreFile | undefined {
    const file = this.files.get(path);
    return file && { path, bytes: file.content.length, revision: String(file.revision) };
  }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}
