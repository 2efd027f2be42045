import type { Readable } from 'node:stream';
import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { Logger } from '@nestjs/common';
import { type Clock, systemClock } from '@witan/core';
import { bodyOf } from '../remote/body.js';
import { bucketAddress } from '../remote/bucket-address.js';
import { below, byPath, isListed } from '../remote/listing.js';
import { MAX_MANIFEST_BYTES } from '../remote/manifest.js';
import { type ManifestAnswer, ManifestList } from '../remote/manifest-list.js';
import { etagOf, revisionOf } from '../remote/revision.js';
import { DEFAULT_TIMEOUT_MS, StallGuard } from '../remote/stall-guard.js';
import { isSafeRelativePath } from '../path-fault.js';
import { safeFolder, safeRelativePath } from '../safe-path.js';
import { storeError } from '../store.errors.js';
import type { Store, StoreFile, StoreReadOptions } from '../store.js';
import type { S3StoreOptions, StoreOptions } from '../store-options.js';
import { connectS3, endpointOf, type S3Connection } from './s3-client.js';
import { s3Fault, statusOf } from './s3-fault.js';

/**
 * A bucket, or what lies below a prefix of it, on AWS or any service that speaks its protocol. Each call asks once; who
 * asks again is the RetryingStore around it.
 */
export class S3Store implements Store {
  readonly uri: string;
  readonly identity: string;
  private readonly logger = new Logger('S3Store');
  private readonly bucket: string;
  /** `''`, or with a slash at its end. */
  private readonly prefix: string;
  /** The file's name, where the address is that of a single one. */
  private readonly single: string | undefined;
  private readonly options: S3StoreOptions;
  private readonly clock: Clock;
  private readonly manifest: ManifestList | undefined;
  private connection: Promise<S3Connection> | undefined;
  private readonly told = new Set<string>();

  constructor(url: URL, options: StoreOptions = {}) {
    this.options = options.s3 ?? {};
    this.clock = options.clock ?? systemClock;
    const { bucket, path } = bucketAddress(url);
    this.bucket = bucket;
    this.single = /\.onnx$/i.test(path) ? path.slice(path.lastIndexOf('/') + 1) : undefined;
    const folder = this.single === undefined ? path : path.slice(0, -this.single.length - 1);
    this.prefix = folder === '' ? '' : `${folder}/`;
    this.uri = `s3://${this.bucket}/${this.prefix}${this.single ?? ''}`;
    this.identity = `${this.uri} at ${endpointOf(this.options) ?? 'AWS'}`;
    this.manifest = this.options.manifest === undefined ? undefined : this.manifestList(this.options.manifest);
  }

  async list(folder: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const at = safeFolder(folder);
    if (this.single !== undefined) return this.listSingle(this.single, at, signal);
    if (this.manifest) return below(await this.manifest.files(signal), at);
    const files: StoreFile[] = [];
    for (let token: string | undefined; ;) {
      const page = await this.page(at, token, signal);
      for (const { Key: key = '', Size: bytes = 0, ETag: etag } of page.Contents ?? []) {
        const path = key.slice(this.prefix.length);
        if (this.isFile(path)) files.push({ path, bytes, revision: revisionOf({ etag, bytes }) });
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
      if (token === undefined) return below(files.sort(byPath), at);
    }
  }

  async stat(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const safe = safeRelativePath(path);
    if (this.single !== undefined && safe !== this.single) return undefined;
    if (this.manifest && this.single === undefined)
      return (await this.manifest.files(signal)).find((file) => file.path === safe);
    return this.head(safe, signal);
  }

  async read(file: StoreFile, { offset = 0, signal }: StoreReadOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const path = safeRelativePath(file.path);
    if (offset >= file.bytes && file.bytes > 0) return nothing();
    const what = `${this.uri}: ${path}`;
    const guard = this.guard(signal);
    const faultOf = (error: unknown): unknown => s3Fault(error, what, guard);
    try {
      const range = offset > 0 ? `bytes=${offset}-` : undefined;
      const answer = await this.get({ Key: path, Range: range, IfMatch: etagOf(file.revision) }, guard);
      guard.touch();
      checkSize(answer, file, offset, what);
      return bodyOf(streamOf(answer, guard), guard, { what, bytes: file.bytes - offset, skip: 0, faultOf });
    } catch (error) {
      guard.abandon();
      throw faultOf(error);
    }
  }

  async close(): Promise<void> {
    const connection = await this.connection?.catch(() => undefined);
    connection?.client.destroy();
  }

  private async listSingle(name: string, at: string, signal?: AbortSignal): Promise<readonly StoreFile[]> {
    const file = at === '' || at === name ? await this.head(name, signal) : undefined;
    if (file) return [file];
    if (at === '') throw storeError('INF_ERR_STORE_ANSWER', `${this.uri}: there is no such object`);
    return [];
  }

  private async page(at: string, token: string | undefined, signal?: AbortSignal) {
    const input = { Bucket: this.bucket, Prefix: this.prefix + at, ContinuationToken: token };
    return this.guarded(this.uri, signal, async (abortSignal) => {
      const { sdk, client } = await this.connect();
      return client.send(new sdk.ListObjectsV2Command(input), { abortSignal });
    });
  }

  private async head(path: string, signal?: AbortSignal): Promise<StoreFile | undefined> {
    const answer = await this.guarded(`${this.uri}: ${path}`, signal, async (abortSignal) => {
      const { sdk, client } = await this.connect();
      const command = new sdk.HeadObjectCommand({ Bucket: this.bucket, Key: this.prefix + path });
      return client.send(command, { abortSignal }).catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      });
    });
    if (!answer) return undefined;
    const { ContentLength: bytes = 0, ETag: etag } = answer;
    return { path, bytes, revision: revisionOf({ etag, bytes }) };
  }

  private async get(input: Omit<GetObjectCommandInput, 'Bucket'>, guard: StallGuard): Promise<GetObjectCommandOutput> {
    const { sdk, client } = await this.connect();
    const command = new sdk.GetObjectCommand({ ...input, Bucket: this.bucket, Key: this.prefix + input.Key });
    return client.send(command, { abortSignal: guard.signal });
  }

  private manifestList(path: string): ManifestList {
    const safe = safeRelativePath(path);
    return new ManifestList({
      what: this.uri + safe,
      fetch: (tag, signal) => this.fetchManifest(safe, tag, signal),
      ask: (asked, signal) => this.head(asked, signal),
    });
  }

  private async fetchManifest(path: string, tag: string | undefined, signal?: AbortSignal): Promise<ManifestAnswer> {
    const what = this.uri + path;
    const guard = this.guard(signal);
    try {
      const answer = await this.get({ Key: path, IfNoneMatch: tag }, guard);
      if ((answer.ContentLength ?? 0) > MAX_MANIFEST_BYTES) {
        throw storeError('INF_ERR_STORE_ANSWER', `${what} has more than ${MAX_MANIFEST_BYTES} bytes`);
      }
      return { text: await textOf(answer, guard), tag: answer.ETag };
    } catch (error) {
      if (statusOf(error) === 304) return 'same';
      if (statusOf(error) === 404) throw storeError('INF_ERR_STORE_ANSWER', `there is no manifest at ${what}`);
      throw s3Fault(error, what, guard);
    } finally {
      guard.abandon();
    }
  }

  private async guarded<T>(
    what: string,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const guard = this.guard(signal);
    try {
      return await ask(guard.signal);
    } catch (error) {
      throw s3Fault(error, what, guard);
    } finally {
      guard.close();
    }
  }

  private guard(signal: AbortSignal | undefined): StallGuard {
    return new StallGuard(this.clock, this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal);
  }

  private connect(): Promise<S3Connection> {
    return (this.connection ??= connectS3(this.options));
  }

  /** Markers of folders end with a slash; keys that are no paths are left out, and told once each. */
  private isFile(path: string): boolean {
    if (path === '' || path.endsWith('/') || !isListed(path)) return false;
    if (isSafeRelativePath(path)) return true;
    const text = JSON.stringify(path.slice(0, 200));
    if (this.told.size < 100 && !this.told.has(text)) this.logger.warn(`${this.uri}: left out, ${text} is no path`);
    this.told.add(text);
    return false;
  }
}

function checkSize(answer: GetObjectCommandOutput, file: StoreFile, offset: number, what: string): void {
  const total = Number(/\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1] ?? answer.ContentLength ?? file.bytes);
  if (total !== file.bytes) {
    const text = `${what} has ${total} bytes, not ${file.bytes} as listed: list the store anew`;
    throw storeError('INF_ERR_STORE_CHANGED', text);
  }
  if (offset > 0 && answer.ContentRange === undefined) {
    throw storeError('INF_ERR_STORE_ANSWER', `${what}: the service does not answer parts of a file (Range)`);
  }
}

/** The body, destroyed when the guard gives up: the SDK watches the signal only until the answer begins. */
function streamOf({ Body: body }: GetObjectCommandOutput, guard: StallGuard): AsyncIterable<Uint8Array> {
  const stream = body as Readable | undefined;
  guard.signal.addEventListener('abort', () => stream?.destroy(), { once: true });
  return stream ?? nothing();
}

async function textOf(answer: GetObjectCommandOutput, guard: StallGuard): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(answer, guard)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
