import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock, TimerHandle } from '../clock.js';
import { principalOf } from '../access/principals.js';
import { coreError } from '../errors/core.errors.js';
import type { WitanError } from '../errors/witan-error.js';
import type { Frame } from '../frame/frame.js';
import { Context, type Peer, type RawRequest } from '../handler/context.js';
import { SERVER_TIMING, ServerTiming } from '../handler/server-timing.js';
import { Connection, type Disconnectable } from './connection.js';
import { httpError } from './http.errors.js';
import { type AnswerForm, type BodyForm, bodyFormOf, shorten } from './media-types.js';
import { answerFormOf } from './accept.js';
import { requestIdOf } from './request-id.js';
import type { ServiceRoute } from './service-route.js';

/** How JSON answers are laid out: like the request. */
export type JsonLayout = 'records' | 'columns';

const NO_BODY = new Uint8Array(0);
/** Headers that frame the message are HTTP's own affair. */
const FRAMING = /^(content-length|transfer-encoding|connection|keep-alive|upgrade|trailer)$/i;

/**
 * A request over HTTP. What most requests never ask for (parameters, peer, signal, raw) is worked out on first use.
 */
export class HttpContext extends Context<Record<string, string>> implements Disconnectable {
  readonly transport = 'http' as const;
  readonly requestId: string;
  readonly deadline: number | undefined;
  /** Since its body was there. */
  private readonly timing: ServerTiming | undefined;
  /** How the JSON of the request was laid out; known after {@link read}. @internal */
  layout: JsonLayout = 'records';

  private lazyParams: Readonly<Record<string, string>> | undefined;
  private lazyPeer: Peer | undefined;
  private lazyForm: AnswerForm | undefined;
  private controller: AbortController | undefined;
  private reason: WitanError | undefined;
  private connection: Connection | undefined;
  private timer: TimerHandle | undefined;
  private onAbort: ((reason: WitanError) => void) | undefined;

  constructor(
    private readonly route: ServiceRoute,
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
  ) {
    super();
    const headers = request.raw.headers;
    this.requestId = requestIdOf(headers['x-request-id']);
    this.deadline = deadlineOf(request, route.clock);
    this.timing = route.timings ? ServerTiming.start(this, route.clock) : undefined;
  }

  get service(): string {
    return this.route.runtime.definition.path;
  }

  get params(): Readonly<Record<string, string>> {
    return (this.lazyParams ??= this.route.readParams(this.request));
  }

  override hostArguments(): readonly unknown[] {
    return [this.request, this.reply, this];
  }

  get peer(): Peer {
    return (this.lazyPeer ??= peerOf(this.request));
  }

  get priority(): number {
    return priorityOf(this.request.raw.headers['x-priority']);
  }

  get raw(): RawRequest {
    return rawOf(this.request);
  }

  get aborted(): boolean {
    return this.reason !== undefined || this.request.raw.socket.destroyed;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.aborted) this.controller.abort(this.reason ?? disconnectedError());
    }
    return this.controller.signal;
  }

  protected override keyName(): string | undefined {
    return principalOf(this.request);
  }

  header(name: string): string | undefined {
    return headerOf(this.request, name);
  }

  /** @throws {CORE_ERR_HTTP_RESULT} for a name or value that HTTP does not allow, or a header that frames the message. */
  setHeader(name: string, value: string): void {
    if (this.reply.raw.headersSent) return;
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (cause) {
      throw httpError('CORE_ERR_HTTP_RESULT', `'${shorten(name)}' cannot be set as a header of the answer`, { cause });
    }
    if (FRAMING.test(name)) {
      throw httpError(
        'CORE_ERR_HTTP_RESULT',
        `the header '${name}' belongs to the transport and cannot be set by a handler`,
      );
    }
    this.reply.header(name, value);
  }

  /** How the body is written. @internal */
  get bodyForm(): BodyForm {
    return bodyFormOf(this.request.raw.headers['content-type']);
  }

  /** How the answer is to be written. @internal */
  get answerForm(): AnswerForm {
    return (this.lazyForm ??= answerFormOf(this.request.raw.headers.accept, this.usualForm()));
  }

  /** True when the caller left the form to us. @internal */
  get anyForm(): boolean {
    const { accept } = this.request.raw.headers;
    return accept === undefined || accept === '' || accept === '*/*';
  }

  /** Decodes and validates the body; also refuses a form of answer that cannot be, before any work is done. @internal */
  read(): Frame {
    const { phases } = this;
    if (!phases) return this.decode();
    const { clock } = this.route;
    const begun = clock.now();
    const frame = this.decode();
    phases.decodeMs = (phases.decodeMs ?? 0) + clock.now() - begun;
    return frame;
  }

  private decode(): Frame {
    const form = this.bodyForm;
    void this.answerForm;
    const body = this.request.body as Buffer | undefined;
    if (form === 'arrow') return this.route.codec.readArrow(body ?? NO_BODY);
    const decoded = this.route.codec.readJson(body ?? NO_BODY);
    this.layout = decoded.layout;
    return decoded.frame;
  }

  /** Tells a caller that asked for it where the time went, just before the answer goes. @internal */
  tellTiming(): void {
    if (this.timing) this.reply.header(SERVER_TIMING, this.timing.text());
  }

  /** The answer is not ready yet: from here on a disconnect or a passed deadline is noticed. @internal */
  wait(onAbort: (reason: WitanError) => void): void {
    this.onAbort = onAbort;
    this.connection = Connection.of(this.request.raw.socket, this.route.clock);
    this.connection.add(this);
    const { clock } = this.route;
    if (this.deadline !== undefined) {
      this.timer = clock.setTimer(() => this.abort(deadlineError()), Math.max(0, this.deadline - clock.now()));
    }
    if (this.request.raw.socket.destroyed) this.disconnected();
  }

  /** The answer is there (or the caller gone): nothing fires any more. @internal */
  settle(): void {
    this.onAbort = undefined;
    this.timer?.cancel();
    this.connection?.delete(this);
    this.connection = undefined;
  }

  /** @internal */
  disconnected(): void {
    this.abort(disconnectedError());
  }

  private abort(reason: WitanError): void {
    if (this.reason) return;
    this.reason = reason;
    this.timer?.cancel();
    const { onAbort } = this;
    this.onAbort = undefined;
    this.controller?.abort(reason);
    onAbort?.(reason);
  }

  private usualForm(): AnswerForm {
    // A body that cannot be read as a Frame (a handler takes it raw) is answered in JSON.
    const type = this.request.raw.headers['content-type'];
    return type !== undefined && type.toLowerCase().startsWith('application/vnd.apache.arrow') ? 'arrow' : 'json';
  }
}

/** What a request is told (or would be) whose caller is gone. */
export function disconnectedError(): WitanError {
  return coreError('CORE_ERR_CANCELLED', 'the caller disconnected before the answer was ready');
}

/** What a request is told whose deadline passed. */
export function deadlineError(): WitanError {
  return coreError(
    'CORE_ERR_DEADLINE',
    'the deadline passed before the answer was ready: allow more time, or send fewer rows',
  );
}

/** A day: longer waits are mistakes. */
const MAX_TIMEOUT_MS = 86_400_000;

/**
 * When the caller of a request stops waiting, by its `x-request-timeout-ms` header.
 * @throws {CORE_ERR_HTTP_HEADER}
 */
export function deadlineOf(request: FastifyRequest, clock: Clock): number | undefined {
  const timeout = request.raw.headers['x-request-timeout-ms'];
  return timeout === undefined ? undefined : clock.now() + parseTimeoutMs(timeout);
}

export function priorityOf(header: string | string[] | undefined): number {
  if (header === undefined) return 0;
  const priority = Number.parseInt(String(header), 10);
  return Number.isNaN(priority) ? 0 : Math.max(-10, Math.min(10, priority));
}

function parseTimeoutMs(text: string | string[]): number {
  const timeoutMs = typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs;
  throw httpError(
    'CORE_ERR_HTTP_HEADER',
    `x-request-timeout-ms is '${shorten(String(text))}': send whole milliseconds from 0 to ${MAX_TIMEOUT_MS}`,
  );
}

/** The request before anything was decoded. */
export function rawOf({ body, raw }: FastifyRequest): RawRequest {
  return { contentType: raw.headers['content-type'] ?? '', body: (body as Buffer | undefined) ?? NO_BODY };
}

/** A header by its name in lower case; several values are joined. */
export function headerOf({ raw }: FastifyRequest, name: string): string | undefined {
  const value = raw.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

export function peerOf(request: FastifyRequest): Peer {
  const socket = request.raw.socket as TLSSocket & { server?: Server };
  const certificate = socket.authorized ? socket.getPeerCertificate() : undefined;
  const subject = certificate?.subject as unknown as Record<string, string | string[]> | undefined;
  return {
    address: addressOf(request, socket),
    tls: request.protocol === 'https',
    ...(subject && { certificateSubject: subjectText(subject) }),
  };
}

function addressOf(request: FastifyRequest, socket: TLSSocket & { server?: Server }): string {
  // Behind a trusted proxy Fastify's ip is the caller's, whose port nobody knows.
  if (request.ip !== undefined && request.ip !== socket.remoteAddress) return request.ip;
  if (socket.remoteAddress === undefined) return unixPath(socket.server?.address());
  const host = socket.remoteAddress.includes(':') ? `[${socket.remoteAddress}]` : socket.remoteAddress;
  return `${host}:${socket.remotePort}`;
}

function unixPath(address: AddressInfo | string | null | undefined): string {
  return typeof address === 'string' ? address : 'unknown';
}

/** `CN=client, O=Example`: the attributes in the order of the certificate. */
function subjectText(subject: Record<string, string | string[]>): string {
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join('+') : value}`)
    .join(', ');
}
