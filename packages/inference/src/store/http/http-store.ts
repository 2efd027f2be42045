import { bodyOf } from '../remote/body.js';
import { below } from '../remote/listing.js';
import { DEFAULT_MANIFEST, MAX_MANIFEST_BYTES } from '../remote/manifest.js';
import { type ManifestAnswer, ManifestList } from '../remote/manifest-list.js';
import { etagOf, isSameEtag, modifiedOf, revisionOf } from '../remote/revision.js';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile, StoreReadOptions } from '../store.js';
import type { StoreOptions } from '../store-options.js';
import { requestFault, statusFault } from './http-fault.js';
import { type GuardedResponse, Requests } from './requests.js';
import { partOf } from './range.js';

/**
 * Files behind a web server: a URL whose manifest lists them, or the URL of one `.onnx` file. Each call asks once;
 * who asks again is the RetryingStore around it.
 */
export class HttpStore implements Store {
  readonly uri: string;
  readonly identity: string;
  private readonly base: URL;
  /** The file's name, where the URL names a single one. */
  private readonly single: string | undefined;
  private readonly requests: Requests;
  private readonly manifest: ManifestList;
  private readonly manifestUrl: URL;

  constructor(url: URL, options: StoreOptions = {}) {
    const base = new URL(url);
    const authorization = authorizationOf(base);
    base.username = base.password = base.hash = '';
    this.single = /\.onnx$/i.test(base.pathname) ? nameOf(base) : undefined;
    if (!this.single && !base.pathname.endsWith('/')) base.pathname += '/';
    this.base = base;
    this.uri = base.origin + base.pathname;
    this.identity = this.uri;
    this.requests = new Requests(base.origin, authorization, options);
    this.manifestUrl = this.urlOf(safeRelativePath(options.http?.manifest ?? DEFAULT_MANIFEST));
    this.manifest = new ManifestList({
      what: this.manifestUrl.origin + this.manifestUrl.pathname,
      fetch: (tag, signal) => this.fetchManifest(tag, signal),
      ask: (path, signal) => this.ask(path, signal),
    });
  }

  async list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const at = safeFolder(folder);
    if (this.single === undefined) return below(await this.manifest.files(signal), at);
    const file = at === '' || at === this.single ? await this.ask(this.single, signal) : undefined;
    if (file) return [file];
    if (at === '') throw storeError('INF_ERR_STORE_ANSWER', `${this.uri}: HTTP 404: there is no such file`);
    return [];
  }

  async stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const safe = safeRelativePath(path);
    if (this.single !== undefined) return safe === this.single ? this.ask(safe, signal) : undefined;
    return (await this.manifest.files(signal)).find((file) => file.path === safe);
  }

  async read(file: StoreFile, { offset = 0, signal }: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const url = this.urlOf(safeRelativePath(file.path));
    const what = `${this.uri}: ${file.path}`;
    if (offset >= file.bytes && file.bytes > 0) return nothing();
    const { response, guard } = await this.requests.send('GET', url, rangeHeaders(file, offset), what, signal);
    try {
      if (response.status !== 200 && response.status !== 206) throw statusFault(response, what, () => gone(what));
      checkEtag(response, file, what);
      const part = partOf(response, file.bytes, offset, what);
      const faultOf = (error: unknown): unknown => requestFault(error, what, guard);
      return bodyOf(response.body ?? nothing(), guard, { what, ...part, faultOf });
    } catch (error) {
      guard.abandon();
      throw error;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async fetchManifest(tag: string | undefined, signal?: AbortSignal): Promise<ManifestAnswer> {
    const what = this.manifestUrl.origin + this.manifestUrl.pathname;
    const { response, guard } = await this.requests.send('GET', this.manifestUrl, conditionOf(tag), what, signal);
    try {
      if (response.status === 304) return 'same';
      if (response.status !== 200) throw statusFault(response, what, () => noManifest(what));
      return { text: await textOf({ response, guard }, what), tag: tagOf(response) };
    } finally {
      guard.abandon();
    }
  }

  /** By HEAD; by a GET of one byte where the server does not know HEAD, or tells no size by it. */
  private async ask(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    let answer = await this.askBy('HEAD', path, signal);
    if (answer === 'unknown') answer = await this.askBy('GET', path, signal);
    if (answer !== 'unknown') return answer;
    throw storeError('INF_ERR_STORE_ANSWER', `${this.uri}: ${path}: the server does not tell its size`);
  }

  private async askBy(
    method: 'HEAD' | 'GET',
    path: string,
    signal?: AbortSignal,
  ): Promise<StoreFile | undefined | 'unknown'> {
    const what = `${this.uri}: ${path}`;
    const headers: Record<string, string> = method === 'GET' ? { range: 'bytes=0-0' } : {};
    const { response, guard } = await this.requests.send(method, this.urlOf(path), headers, what, signal);
    guard.abandon();
    if (response.status === 404 || response.status === 410) return undefined;
    // 403: a signed URL is signed for one method.
    if (method === 'HEAD' && [400, 403, 405, 501].includes(response.status)) return 'unknown';
    if (![200, 206, 416].includes(response.status)) throw statusFault(response, what, () => gone(what));
    const bytes = sizeOf(response);
    if (bytes === undefined) return 'unknown';
    const { headers: told } = response;
    return {
      path,
      bytes,
      revision: revisionOf({ etag: told.get('etag'), modified: told.get('last-modified'), bytes }),
    };
  }

  private urlOf(path: string): URL {
    const url = new URL(this.base);
    if (this.single === undefined) url.pathname += path.split('/').map(encodeURIComponent).join('/');
    return url;
  }
}

/** `user:password@` of the URL as the header that it stands for. */
function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString('base64')}`;
}

function nameOf(url: URL): string {
  const name = url.pathname.split('/').at(-1)!;
  try {
    return safeRelativePath(decodeURIComponent(name));
  } catch {
    return 'model.onnx';
  }
}

/** The rest only if it is still the same file: else the server answers the whole of the new one. */
function rangeHeaders(file: StoreFile, offset: number): Record<string, string> {
  if (offset === 0) return {};
  const etag = etagOf(file.revision);
  const strong = etag?.startsWith('"') ? etag : undefined;
  const condition = strong ?? modifiedOf(file.revision);
  return { range: `bytes=${offset}-`, ...(condition !== undefined && { 'if-range': condition }) };
}

function checkEtag(response: Response, file: StoreFile, what: string): void {
  const listed = etagOf(file.revision);
  const now = response.headers.get('etag');
  const before = modifiedOf(file.revision);
  const modified = response.headers.get('last-modified');
  const isOther = listed !== undefined && now !== null && !isSameEtag(listed, now);
  if (!isOther && (before === undefined || modified === null || before === modified)) return;
  throw storeError('INF_ERR_STORE_CHANGED', `${what} is another file than listed: list the store anew`);
}

const tagOf = ({ headers }: Response): string | undefined =>
  headers.get('etag') ?? headers.get('last-modified') ?? undefined;

function conditionOf(tag: string | undefined): Record<string, string> {
  if (tag === undefined) return {};
  return /^(W\/)?"/.test(tag) ? { 'if-none-match': tag } : { 'if-modified-since': tag };
}

function sizeOf({ status, headers }: Response): number | undefined {
  const text =
    status !== 200 ? /\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length');
  return text === null || text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

async function textOf({ response, guard }: GuardedResponse, what: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of (response.body ?? nothing()) as AsyncIterable<Uint8Array>) {
      guard.touch();
      chunks.push(chunk);
      if ((bytes += chunk.length) > MAX_MANIFEST_BYTES) throw tooLarge(what);
    }
  } catch (error) {
    throw requestFault(error, what, guard);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function gone(what: string): Error {
  return storeError('INF_ERR_STORE_CHANGED', `${what} is gone: list the store anew`);
}

function tooLarge(what: string): Error {
  return storeError(
    'INF_ERR_STORE_ANSWER',
    `${what} has more than ${MAX_MANIFEST_BYTES} bytes: no manifest is that large`,
  );
}

function noManifest(what: string): Error {
  const text = `there is no manifest at ${what}: write { "files": [{ "path", "bytes", "sha256" }] } there, or name one .onnx file`;
  return storeError('INF_ERR_STORE_ANSWER', text);
}
