import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { etagOf } from './etag.js';
import { s3Error } from './s3-answers.js';

/** What a test has the server do in place of taking an object. */
export type PutFault =
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  /** Closes the connection, with or without keeping the object before. */
  | { readonly cut: 'before' | 'after' }
  /** Never answers. */
  | { readonly stall: true };

/** A bucket that takes objects as S3 does (path style), and keeps what came. */
export interface BucketServer {
  readonly url: string;
  /** Key to content; in the order in which they came first. */
  readonly objects: Map<string, Buffer>;
  /** Content types, by key. */
  readonly types: Map<string, string>;
  /** Requests that came, faults and all. */
  requests: number;
  fault: ((key: string, body: Buffer) => PutFault | undefined) | undefined;
  close(): Promise<void>;
}

export async function startBucketServer(bucket: string): Promise<BucketServer> {
  const server = createServer((request, response) => void take(request, response));
  const state: BucketServer = {
    url: '',
    objects: new Map(),
    types: new Map(),
    requests: 0,
    fault: undefined,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = decodeURIComponent(new URL(request.url!, 'http://x').pathname);
    const key = path.slice(bucket.length + 2);
    state.requests++;
    if (request.method !== 'PUT' || !path.startsWith(`/${bucket}/`)) return s3Error(response, 404, 'NoSuchBucket');
    const fault = state.fault?.(key, body);
    if (fault && 'stall' in fault) return;
    if (fault && 'cut' in fault && fault.cut === 'before') return void request.socket.destroy();
    if (fault && 'status' in fault) {
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
      return s3Error(response, fault.status, fault.code ?? 'ServiceUnavailable');
    }
    state.objects.set(key, body);
    state.types.set(key, request.headers['content-type'] ?? '');
    if (fault) return void request.socket.destroy();
    response.writeHead(200, { etag: etagOf(body) }).end();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
