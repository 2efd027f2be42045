import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Clock, systemClock } from '../clock.js';
import type { Context } from '../handler/context.js';
import { activeRequests, answerChannel, type AnswerEvent } from '../service/answer-channel.js';

const ANSWER = Symbol('witan.answer');

type Carrier = FastifyReply['raw'] & { [ANSWER]?: HttpAnswer };

/** A body that is written while it comes, and counts itself. */
export interface CountedBody {
  readonly bytes: number;
}

/** What nginx answers, and what Witan calls CORE_ERR_CANCELLED: the caller left before any of the answer was sent. */
const CLIENT_CLOSED = 499;

/** One request over HTTP until its answer is on its way; what `witan.answer` tells is worked out when it is read. */
export class HttpAnswer implements AnswerEvent {
  readonly transport = 'http' as const;
  durationMs = 0;
  status = 0;
  code: string | undefined = undefined;
  context: Context | undefined = undefined;
  /** Of an answer in parts. */
  body: CountedBody | undefined = undefined;
  private open = true;

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly clock: Clock,
    readonly startedAt: number,
  ) {
    activeRequests.http++;
  }

  get method(): string {
    return this.request.method;
  }

  get route(): string {
    return this.request.is404 ? '' : (this.request.routeOptions.url ?? '');
  }

  get requestBytes(): number {
    const stated = this.request.raw.headers['content-length'];
    if (stated !== undefined) return Number(stated) || 0;
    const { body } = this.request;
    return body instanceof Uint8Array ? body.length : 0;
  }

  get answerBytes(): number {
    return this.body?.bytes ?? (Number(this.reply.getHeader('content-length')) || 0);
  }

  /** All of it was given to the operating system, or nobody takes it any more. */
  over(): void {
    if (!this.open) return;
    this.open = false;
    activeRequests.http--;
    this.durationMs = this.clock.now() - this.startedAt;
    const { raw } = this.reply;
    this.status = raw.headersSent ? raw.statusCode : CLIENT_CLOSED;
    if (!raw.writableFinished && this.request.raw.socket.destroyed) this.code ??= 'CORE_ERR_CANCELLED';
    if (answerChannel.hasSubscribers) answerChannel.publish(this);
  }
}

/** The clocks of the servers that are watched: a request that no route was found for has nothing else to go by. */
const clocks = new WeakMap<object, Clock>();

/** Publishes `witan.answer` for every request of this instance while somebody subscribes: a branch for each otherwise. */
export function watchAnswers(fastify: FastifyInstance, clock: Clock): void {
  clocks.set(fastify.server, clock);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (answerChannel.hasSubscribers) watchAnswer(request, reply, clock);
    done();
  });
}

/** For what Fastify refuses before any hook runs. */
export function watchRefusal(request: FastifyRequest, reply: FastifyReply, code: string): void {
  if (!answerChannel.hasSubscribers) return;
  watchAnswer(request, reply, clockOf(request.raw.socket));
  noteFailure(reply, code);
}

function watchAnswer(request: FastifyRequest, reply: FastifyReply, clock: Clock): void {
  const raw: Carrier = reply.raw;
  if (raw[ANSWER]) return;
  const answer = (raw[ANSWER] = new HttpAnswer(request, reply, clock, clock.now()));
  raw.on('close', onClose);
  // It waits behind another answer on its connection: should that close, nobody tells it.
  if (!raw.socket) request.raw.socket.once('close', () => answer.over());
}

function onClose(this: Carrier): void {
  this[ANSWER]!.over();
}

function answerOf(reply: FastifyReply): HttpAnswer | undefined {
  return (reply.raw as Carrier | undefined)?.[ANSWER];
}

/** The Context of the service, or of another protocol, that answers. @internal */
export function noteContext(reply: FastifyReply, context: Context): void {
  const answer = answerOf(reply);
  if (!answer) return;
  answer.context = context;
  context.arrivedAt = answer.startedAt;
}

/** The error that is answered: its code goes with `witan.answer`. @internal */
export function noteFailure(reply: FastifyReply, code: string): void {
  const answer = answerOf(reply);
  if (answer) answer.code = code;
}

export function noteBody(reply: FastifyReply, body: CountedBody): void {
  const answer = answerOf(reply);
  if (answer) answer.body = body;
}

/** What Node's parser refuses is no request yet, but was answered. */
export function publishParserRefusal(socket: Socket, status: number, code: string, answerBytes: number): void {
  if (!answerChannel.hasSubscribers) return;
  const startedAt = clockOf(socket).now();
  const event: AnswerEvent = {
    transport: 'http',
    route: '',
    method: '',
    status,
    code,
    startedAt,
    durationMs: 0,
    requestBytes: 0,
    answerBytes,
    context: undefined,
  };
  answerChannel.publish(event);
}

function clockOf(socket: Socket): Clock {
  const { server } = socket as Socket & { readonly server?: Server };
  return (server && clocks.get(server)) ?? systemClock;
}
