import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { etagOf } from './etag.js';
import { s3Error, s3Listing } from './s3-answers.js';

/** What a test has the server do in place of its right answer. */
export interface Fault {
  /** Answer this status (with `headers`) and nothing of the file. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Close the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Send nothing more after this many bytes of the body; the connection stays. */
  readonly stallAfter?: number;
  /** With `stallAfter`: the rest follows when this resolves. */
  readonly until?: Promise<void>;
  /** Other bytes than the file's, as many. */
  readonly corrupt?: boolean;
  /** Answer a request for a part with the whole. */
  readonly ignoreRange?: boolean;
}

export interface FileServerOptions {
  /** Speak S3 (path style, enough for listing, HEAD and GET) for this bucket, in place of plain HTTP with a manifest. */
  readonly s3Bucket?: string;
  /** Keys per page of an S3 listing. @default 2 */
  readonly pageSize?: number;
  /** S3: how far the server's clock is from this machine's; requests signed 15 minutes off are refused. @default 0 */
  readonly clockOffsetMs?: number;
  /** What the manifest says of each file. @default ['bytes', 'etag'] */
  readonly manifestFields?: readonly ('bytes' | 'etag' | 'sha256')[];
}

/** A request that came, in order. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  status: number;
}

const SKEW_MS = 15 * 60_000;

/** An HTTP server of files in memory, with ETags, ranges and conditions, that fails as a test tells it to. */
export class FileServer {
  readonly requests: SeenRequest[] = [];
  /** Asked for every request; what it gives is done in place of the right answer. */
  fault: ((request: SeenRequest) => Fault | undefined) | undefined;
  private readonly files = new Map<string, Buffer>();
  private readonly server: Server;

  private constructor(private readonly options: FileServerOptions) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  static async start(options: FileServerOptions = {}): Promise<FileServer> {
    const server = new FileServer(options);
    await new Promise<void>((resolve) => server.server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  put(path: string, content: Uint8Array | string): void {
    this.files.set(path, Buffer.from(content as string));
  }

  remove(path: string): void {
    this.files.delete(path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.url);
    const path = decodeURIComponent(url.pathname.slice(1));
    const { method = '', headers } = request;
    const seen: SeenRequest = { method, path, headers, status: 0 };
    this.requests.push(seen);
    const fault = this.fault?.(seen) ?? {};
    response.on('close', () => (seen.status = response.statusCode));
    if (fault.status !== undefined) response.writeHead(fault.status, fault.headers).end();
    else if (this.options.s3Bucket === undefined) this.answerHttp(path, request, response, fault);
    else this.answerS3(this.options.s3Bucket, path, url, request, response, fault);
  }

  private answerHttp(path: string, request: IncomingMessage, response: ServerResponse, fault: Fault): void {
    const content = this.files.get(path) ?? (path === 'index.json' ? this.manifest() : undefined);
    if (content) sendFile(content, request, response, fault);
    else response.writeHead(404).end('not found');
  }

  private answerS3(
    bucket: string,
    path: string,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault,
  ): void {
    const now = Date.now() + (this.options.clockOffsetMs ?? 0);
    response.setHeader('date', new Date(now).toUTCString());
    const key = path.slice(bucket.length + 1);
    const content = this.files.get(key);
    const isOfBucket = path === bucket || path.startsWith(`${bucket}/`);
    if (Math.abs(signedAt(request) - now) > SKEW_MS) s3Error(response, 403, 'RequestTimeTooSkewed');
    else if (!isOfBucket) s3Error(response, 404, 'NoSuchBucket');
    else if (url.searchParams.has('list-type'))
      s3Listing(response, this.files, url.searchParams, this.options.pageSize ?? 2);
    else if (!content) s3Error(response, 404, 'NoSuchKey');
    else sendFile(content, request, response, fault);
  }

  private manifest(): Buffer {
    const fields = this.options.manifestFields ?? ['bytes', 'etag'];
    const files = [...this.files].map(([path, content]) => ({
      path,
      ...(fields.includes('bytes') && { bytes: content.length }),
      ...(fields.includes('etag') && { etag: etagOf(content) }),
      ...(fields.includes('sha256') && { sha256: createHash('sha256').update(content).digest('hex') }),
    }));
    return Buffer.from(JSON.stringify({ files }));
  }
}

function sendFile(content: Buffer, request: IncomingMessage, response: ServerResponse, fault: Fault): void {
  const etag = etagOf(content);
  const { 'if-none-match': noneMatch, 'if-match': match } = request.headers;
  response.setHeader('etag', etag);
  if (noneMatch === etag) return void response.writeHead(304).end();
  if (match !== undefined && match !== etag) return s3Error(response, 412, 'PreconditionFailed');
  const offset = fault.ignoreRange ? undefined : offsetOf(request, etag);
  if (offset !== undefined && offset >= content.length) {
    return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  }
  if (offset !== undefined) {
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${offset}-${content.length - 1}/${content.length}`);
  }
  const body = content.subarray(offset ?? 0);
  response.setHeader('content-length', body.length);
  if (request.method === 'HEAD') response.end();
  else sendBody(fault.corrupt ? Buffer.from(body.map((byte) => byte ^ 1)) : body, response, fault);
}

function sendBody(body: Buffer, response: ServerResponse, { cutAfter, stallAfter, until }: Fault): void {
  const bytes = cutAfter ?? stallAfter;
  if (bytes === undefined || bytes >= body.length) return void response.end(body);
  response.flushHeaders();
  const stop = (): void => {
    if (cutAfter !== undefined) response.socket?.end();
    else void until?.then(() => response.end(body.subarray(bytes)));
  };
  if (bytes === 0) stop();
  else response.write(body.subarray(0, bytes), stop);
}

function offsetOf({ headers }: IncomingMessage, etag: string): number | undefined {
  const [, start] = /^bytes=(\d+)-/.exec(headers.range ?? '') ?? [];
  const isOther = headers['if-range'] !== undefined && headers['if-range'] !== etag;
  return start === undefined || isOther ? undefined : Number(start);
}

/** `x-amz-date`, which the signature covers; unsigned requests are always in time. */
function signedAt({ headers }: IncomingMessage): number {
  const text = headers['x-amz-date'];
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(text)) ?? [];
  return y === undefined ? Date.now() : Date.UTC(+y, +mo! - 1, +d!, +h!, +mi!, +s!);
}
