import { safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';

export const DEFAULT_MANIFEST = 'index.json';
/** A hundred thousand files, described at length. */
export const MAX_MANIFEST_BYTES = 32 * 2 ** 20;
const MAX_FILES = 100_000;

/** One file as a manifest gives it; without `bytes`, or with neither `sha256` nor `etag`, the store is asked about it. */
export interface ManifestEntry {
  readonly path: string;
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
  readonly etag: string | undefined;
}

/**
 * The files of `{ "files": [{ "path", "bytes"?, "sha256"?, "etag"? }] }`, sorted by path. One entry that leaves the
 * store, and the manifest is not believed at all.
 * @throws {INF_ERR_STORE_ANSWER | INF_ERR_STORE_PATH}
 */
export function parseManifest(text: string, what: string): ManifestEntry[] {
  const entries = filesOf(text, what).map((entry, index) => parseEntry(entry, `${what}: files[${index}]`));
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  entries.forEach(({ path }, i) => {
    if (i > 0 && path === entries[i - 1]!.path) throw malformed(`${what}: '${path}' is listed twice`);
  });
  return entries;
}

function filesOf(text: string, what: string): unknown[] {
  let files: unknown;
  try {
    files = (JSON.parse(text) as { files?: unknown } | null)?.files;
  } catch (cause) {
    throw storeError('INF_ERR_STORE_ANSWER', `${what} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(files)) throw malformed(`${what} is no manifest: it has no list 'files'`);
  if (files.length > MAX_FILES) throw malformed(`${what} lists ${files.length} files, more than ${MAX_FILES}`);
  return files;
}

function parseEntry(entry: unknown, what: string): ManifestEntry {
  if (typeof entry !== 'object' || entry === null) throw malformed(`${what} is no object`);
  const { path, bytes, sha256, etag } = entry as Record<string, unknown>;
  if (typeof path !== 'string') throw malformed(`${what}.path is no text`);
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && (bytes as number) >= 0)) {
    throw malformed(`${what}.bytes is no whole number of bytes`);
  }
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256))) {
    throw malformed(`${what}.sha256 is not 64 hexadecimal digits`);
  }
  if (etag !== undefined && typeof etag !== 'string') throw malformed(`${what}.etag is no text`);
  return { path: safeRelativePath(path), bytes: bytes as number | undefined, sha256: sha256?.toLowerCase(), etag };
}

function malformed(text: string): Error {
  return storeError('INF_ERR_STORE_ANSWER', text);
}
