import type { IncomingMessage, RequestOptions } from 'node:http';
import { CommandError, FAILED } from '../terminal.js';
import type { Connection } from './connection.js';
import { refusalOf } from './refusal.js';

export interface ServerRequest {
  readonly method: string;
  /** Below the connection's URL, with its leading slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/**
 * Calls a server and gives the body of its answer.
 * @throws {CommandError} when it is not there, or answers with an error
 */
export async function callServer(connection: Connection, request: ServerRequest): Promise<Buffer> {
  const { url } = connection;
  const response = await send(connection, request).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${url.origin} ${unreachable(error, connection)}`, FAILED);
  });
  if (response.status >= 200 && response.status < 300) return response.body;
  throw new CommandError(refusalOf(response.status, response.body), FAILED);
}

/** The same for an answer that is JSON. @throws {CommandError} */
export async function callForJson(connection: Connection, request: ServerRequest): Promise<unknown> {
  const body = await callServer(connection, request);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    const seen = body.toString('utf8').slice(0, 60);
    throw new CommandError(`${connection.url.origin} answered no JSON ('${seen}'): is it a server of Witan?`, FAILED);
  }
}

async function send(
  { url, key, ca, cert, certKey, timeoutMs }: Connection,
  { method, path, headers, body }: ServerRequest,
): Promise<{ status: number; body: Buffer }> {
  const isTls = url.protocol === 'https:';
  const { request } = isTls ? await import('node:https') : await import('node:http');
  const { rootCertificates } = await import('node:tls');
  const options: RequestOptions & { ca?: (string | Buffer)[]; cert?: Buffer; key?: Buffer } = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    signal: AbortSignal.timeout(timeoutMs),
    ...(ca && { ca: [...rootCertificates, ca] }),
    ...(cert && { cert, key: certKey }),
  };
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(target, options, resolve).once('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
}

function unreachable({ code, name, message }: NodeJS.ErrnoException, { timeoutMs }: Connection): string {
  if (name === 'TimeoutError' || name === 'AbortError')
    return `did not answer within ${timeoutMs / 1000} s: --timeout allows more`;
  if (code === 'ECONNREFUSED') return 'is not there: start it with witan serve, or give its address with --url';
  if (code === 'ENOTFOUND') return 'cannot be found: is the host in --url right?';
  if (code === 'EPROTO' || code === 'ECONNRESET') return `ended the connection (${message}): is it http or https?`;
  if (/CERT|SIGNED|ALTNAME/.test(code ?? '')) return `has a certificate that is not trusted (${message}): give --ca`;
  return `cannot be called: ${message}`;
}
