import { storeError } from '../store.errors.js';

/** What is used of the package `opendal`, by shape: it has binaries for some platforms only, so nothing here may need it. */
export interface OpendalModule {
  readonly Operator: new (scheme: string, options: Record<string, string>) => OpendalOperator;
}

export interface OpendalOperator {
  list(path: string, options: { readonly recursive: boolean }): Promise<OpendalEntry[]>;
  stat(path: string): Promise<OpendalMetadata>;
  read(path: string, options: { readonly offset: bigint; readonly size: bigint }): Promise<Uint8Array>;
}

export interface OpendalEntry {
  path(): string;
  metadata(): OpendalMetadata;
}

export interface OpendalMetadata {
  isFile(): boolean;
  readonly contentLength: bigint | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** @throws {INF_ERR_STORE_URI} when it is not installed, or has no binary for this machine */
export async function loadOpendal(scheme: string): Promise<OpendalModule> {
  // A name that the compiler does not look up: the package is optional, its types too.
  const name: string = 'opendal';
  try {
    return (await import(name)) as OpendalModule;
  } catch (cause) {
    const [line] = (cause as Error).message.split('\n');
    const text = `a store at ${scheme}: needs the package opendal, which does not load here (${line}): npm install opendal@0.49.1`;
    throw storeError('INF_ERR_STORE_URI', text, { cause });
  }
}
