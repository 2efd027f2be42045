import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock.js';
import { toWitanError } from '../errors/from-unknown.js';
import type { WitanError } from '../errors/witan-error.js';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import { isPromise } from '../service/is-promise.js';
import type { ServiceResult, ServiceRuntime } from '../service/runtime.js';
import { isStream, releaseIterator, releaseStream } from '../service/stream.js';
import type { ServiceCodec } from './codec.js';
import { compressionFor } from './compression.js';
import { logFailure, sendFailure } from './failure.js';
import { noteBody, noteContext, noteFailure } from './http-answer.js';
import { FrameStream } from './frame-stream.js';
import { deadlineError, HttpContext } from './http-context.js';
import { httpError } from './http.errors.js';
import { CONTENT_TYPE_OF } from './media-types.js';
import type { HttpLogger } from './options.js';
import { paramReader } from './params.js';
import { requestIdJson, requestIdOf } from './request-id.js';
import { streamFormOf } from './stream-forms.js';
import type { TurnBudget } from './turn-budget.js';

/** What all services of one application share. */
export interface RouteSurroundings {
  readonly clock: Clock;
  readonly logger: HttpLogger;
  /** Answers from this size on are compressed if asked; `Infinity`: never. */
  readonly compressionMinBytes: number;
  /** Whether callers may ask where the time went. */
  readonly timings: boolean;
  /** Where the decoding of large bodies takes its turns. */
  readonly turns: TurnBudget;
}

/** From here on decoding takes about 0.05 ms and more, which many callers at once would add up. */
const LARGE_BODY_BYTES = 4096;

/** One service over HTTP: from a request whose body has arrived to its answer. */
export class ServiceRoute {
  readonly clock: Clock;
  readonly timings: boolean;
  readonly readParams: (request: FastifyRequest) => Readonly<Record<string, string>>;

  constructor(
    readonly runtime: ServiceRuntime,
    readonly codec: ServiceCodec,
    private readonly surroundings: RouteSurroundings,
  ) {
    this.clock = surroundings.clock;
    this.timings = surroundings.timings;
    this.readParams = paramReader(runtime.definition);
  }

  readonly handle = (request: FastifyRequest, reply: FastifyReply): void => {
    let context: HttpContext;
    try {
      context = new HttpContext(this, request, reply);
    } catch (thrown) {
      sendFailure(reply, toWitanError(thrown), requestIdOf(request.raw.headers['x-request-id']));
      return;
    }
    noteContext(reply, context);
    const body = request.body as Buffer | undefined;
    if (body === undefined || body.length < LARGE_BODY_BYTES) this.start(context);
    else this.startInBudget(context);
  };

  private start(context: HttpContext): void {
    try {
      if (context.deadline !== undefined && context.deadline <= this.clock.now()) throw deadlineError();
      const result = this.runtime.invoke(context, () => context.read());
      if (isPromise(result)) this.await(context, result);
      else this.answer(context, result);
    } catch (thrown) {
      this.fail(context, thrown);
    }
  }

  /** A body that takes long to decode waits for its share of a turn; meanwhile a disconnect or deadline is noticed. */
  private startInBudget(context: HttpContext): void {
    let open = true;
    context.wait((reason) => {
      open = false;
      context.settle();
      this.fail(context, reason);
    });
    this.surroundings.turns.run(() => {
      if (!open) return;
      context.settle();
      this.start(context);
    });
  }

  private await(context: HttpContext, promise: Promise<ServiceResult>): void {
    let open = true;
    promise.then(
      (result) => {
        if (open) this.settle(context, result);
        else abandon(result);
      },
      (thrown: unknown) => {
        if (!open) return;
        context.settle();
        this.fail(context, thrown);
      },
    );
    context.wait((reason) => {
      open = false;
      context.settle();
      this.fail(context, reason);
    });
  }

  private settle(context: HttpContext, result: ServiceResult): void {
    context.settle();
    try {
      this.answer(context, result);
    } catch (thrown) {
      this.fail(context, thrown);
    }
  }

  private answer(context: HttpContext, result: ServiceResult): void {
    // A guard, interceptor or filter of the user's may have answered through Fastify's reply.
    if (context.reply.sent) abandon(result);
    else if (result instanceof Frame) this.answerFrame(context, result);
    else if (result instanceof Answer) this.answerEarly(context, result);
    else if (isStream(result)) void this.answerStream(context, result);
    else
      throw httpError(
        'CORE_ERR_HTTP_RESULT',
        'the handler gave neither a Frame, nor a stream of Frames, nor an Answer',
      );
  }

  private answerFrame(context: HttpContext, frame: Frame): void {
    const form = context.answerForm;
    const { reply, requestId } = context;
    reply.header('x-request-id', requestId);
    reply.header('content-type', CONTENT_TYPE_OF[form]);
    this.send(context, context.phases ? this.timedEncode(context, frame) : this.encode(context, frame));
  }

  private timedEncode(context: HttpContext, frame: Frame): string | Uint8Array {
    const begun = this.clock.now();
    const payload = this.encode(context, frame);
    context.phases!.encodeMs = this.clock.now() - begun;
    return payload;
  }

  private encode(context: HttpContext, frame: Frame): string | Uint8Array {
    return context.answerForm === 'json' ? this.jsonText(context, frame) : this.wholeStream(context, frame);
  }

  private jsonText(context: HttpContext, frame: Frame): string {
    const id = requestIdJson(context.requestId);
    return context.layout === 'records'
      ? `{"id":${id},"records":${this.codec.records(frame)}}`
      : `{"id":${id},"columns":${this.codec.columns(frame)}}`;
  }

  /** One Frame in a form made for streams. */
  private wholeStream(context: HttpContext, frame: Frame): string | Uint8Array {
    if (context.answerForm === 'arrow') return this.codec.arrow(frame);
    const form = streamFormOf(context.answerForm, this.codec, context.requestId);
    return `${form.frame(frame) as string}${form.end() as string}`;
  }

  private answerEarly(context: HttpContext, answer: Answer): void {
    const { reply } = context;
    if (!(answer.status >= 200 && answer.status <= 599)) {
      throw httpError('CORE_ERR_HTTP_RESULT', `the handler's Answer has status ${answer.status}: use 200 to 599`);
    }
    const { body } = answer;
    const payload = typeof body === 'object' && !(body instanceof Uint8Array) ? JSON.stringify(body) : body;
    reply.code(answer.status);
    reply.header('x-request-id', context.requestId);
    reply.header('content-type', typeof body === 'string' ? 'text/plain; charset=utf-8' : defaultTypeOf(body));
    for (const name in answer.headers) context.setHeader(name, answer.headers[name]!);
    if (payload === undefined) reply.removeHeader('content-type').send();
    else this.send(context, payload);
  }

  private async answerStream(context: HttpContext, frames: AsyncIterable<Frame>): Promise<void> {
    const iterator = frames[Symbol.asyncIterator]();
    let stream: FrameStream | undefined;
    let open = true;
    context.wait((reason) => {
      open = false;
      if (stream) return stream.fail(reason);
      releaseIterator(iterator);
      context.settle();
      this.fail(context, reason);
    });
    try {
      // Errors before the first Frame still have a status of their own.
      const first = await iterator.next();
      if (!open) return;
      stream = this.startStream(context, iterator, first);
      context.reply.send(stream);
    } catch (thrown) {
      if (!open) return;
      context.settle();
      this.fail(context, thrown);
    }
  }

  private startStream(context: HttpContext, iterator: AsyncIterator<Frame>, first: IteratorResult<Frame>): FrameStream {
    const form = context.anyForm && context.answerForm === 'json' ? 'ndjson' : context.answerForm;
    const { reply, requestId } = context;
    const stream = new FrameStream(iterator, first, streamFormOf(form, this.codec, requestId), {
      failed: (thrown) => this.log(context, thrown),
      closed: () => context.settle(),
    });
    noteBody(reply, stream);
    reply.header('x-request-id', requestId);
    reply.header('content-type', CONTENT_TYPE_OF[form]);
    if (form === 'sse') reply.header('cache-control', 'no-store');
    context.tellTiming();
    return stream;
  }

  private send(context: HttpContext, payload: string | Uint8Array): void {
    context.tellTiming();
    const acceptEncoding = context.request.raw.headers['accept-encoding'];
    const compression =
      acceptEncoding !== undefined && payload.length >= this.surroundings.compressionMinBytes
        ? compressionFor(String(acceptEncoding))
        : undefined;
    if (!compression || context.reply.hasHeader('content-encoding')) {
      context.reply.send(typeof payload === 'string' ? payload : bufferOf(payload));
      return;
    }
    compression.compress(payload).then(
      (compressed) => {
        context.reply.header('content-encoding', compression.name);
        addVary(context.reply);
        context.reply.send(compressed);
      },
      (thrown: unknown) => this.fail(context, thrown),
    );
  }

  private fail(context: HttpContext, thrown: unknown): void {
    const error = this.log(context, thrown);
    if (context.reply.sent) return;
    context.tellTiming();
    sendFailure(context.reply, error, context.requestId);
  }

  private log(context: HttpContext, thrown: unknown): WitanError {
    const error = toWitanError(thrown);
    noteFailure(context.reply, error.code);
    const { name } = this.runtime.definition;
    logFailure(this.surroundings.logger, error, context.requestId, name, context.principal);
    return error;
  }
}

/** A result that came too late: a stream of Frames must be let go. */
function abandon(result: ServiceResult): void {
  if (isStream(result)) releaseStream(result);
}

function defaultTypeOf(body: unknown): string {
  return body instanceof Uint8Array ? 'application/octet-stream' : 'application/json; charset=utf-8';
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function addVary(reply: FastifyReply): void {
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? 'accept-encoding' : `${String(vary)}, accept-encoding`);
}
