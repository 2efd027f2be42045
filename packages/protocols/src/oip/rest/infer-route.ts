import { type Clock, noteContext, RouteContext, SERVER_TIMING, type TurnBudget } from '@witan/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OIP_SERVICE, OipCaller } from '../infer/oip-caller.js';
import type { InferRequest, InferResponse, OipServer } from '../infer-types.js';
import { oipError } from '../oip.errors.js';
import { compressionFor } from './compression.js';
import { encodeInferAnswer } from './infer-answer.js';
import { type BodyLimits, decodeInferBody, type InferBody } from './infer-body.js';
import { rawRequest } from './raw-request.js';

export const HEADER_LENGTH = 'inference-header-content-length';

/** From here on decoding takes about 0.05 ms and more, which many callers at once would add up. */
const LARGE_BODY_BYTES = 4096;

export interface InferRouteParts {
  readonly server: OipServer;
  readonly clock: Clock;
  /** Where the decoding of large bodies takes its turns. */
  readonly turns: TurnBudget;
  readonly limits: BodyLimits;
  /** `Infinity`: never. */
  readonly compressionMinBytes: number;
  /** Whether callers may ask where their request's time went. */
  readonly timings: boolean;
  readonly fail: (reply: FastifyReply, thrown: unknown) => void;
}

/** `POST …/infer`: from a body that has arrived to its answer. */
export class InferRoute {
  constructor(private readonly parts: InferRouteParts) {}

  readonly handle = (request: FastifyRequest, reply: FastifyReply): void => {
    const body = request.body as Buffer | undefined;
    if (body === undefined || body.length < LARGE_BODY_BYTES) this.start(request, reply);
    else this.parts.turns.run(() => this.start(request, reply));
  };

  private start(request: FastifyRequest, reply: FastifyReply): void {
    let caller: OipCaller;
    try {
      const context = new RouteContext(OIP_SERVICE, request, reply, this.parts.clock);
      noteContext(reply, context);
      caller = new OipCaller(context, this.parts.clock, this.parts.timings);
    } catch (thrown) {
      this.parts.fail(reply, thrown);
      return;
    }
    caller.start(() => this.begin(caller, request, reply));
  }

  private begin(caller: OipCaller, request: FastifyRequest, reply: FastifyReply): void {
    try {
      const body = request.body as Buffer | undefined;
      const { model, version } = request.params as { model: string; version?: string };
      const jsonLength = jsonLengthOf(request.raw.headers[HEADER_LENGTH], body);
      if (jsonLength === 0) void this.raw(model, version, body, caller, reply);
      else {
        const decoded = caller.timed('decodeMs', () => decodeInferBody(body, jsonLength, this.parts.limits));
        this.infer(model, version, decoded, caller, reply);
      }
    } catch (thrown) {
      this.fail(caller, reply, thrown);
    }
  }

  private async raw(
    model: string,
    version: string | undefined,
    body: Buffer | undefined,
    caller: OipCaller,
    reply: FastifyReply,
  ): Promise<void> {
    try {
      this.infer(model, version, await rawRequest(this.parts.server, model, version, body), caller, reply);
    } catch (thrown) {
      this.fail(caller, reply, thrown);
    }
  }

  private infer(
    model: string,
    version: string | undefined,
    { id, parameters, inputs, outputs }: InferBody,
    caller: OipCaller,
    reply: FastifyReply,
  ): void {
    const request: InferRequest = { model, version, id, parameters, inputs, outputs };
    this.parts.server.infer(request, caller).then(
      (response) => this.answer(request, response, caller, reply),
      (thrown: unknown) => this.fail(caller, reply, thrown),
    );
  }

  private fail(caller: OipCaller, reply: FastifyReply, thrown: unknown): void {
    caller.failed(thrown);
    if (caller.timing) reply.header(SERVER_TIMING, caller.timing.text());
    this.parts.fail(reply, thrown);
  }

  private answer(request: InferRequest, response: InferResponse, caller: OipCaller, reply: FastifyReply): void {
    caller.answered();
    try {
      const { body, jsonLength } = caller.timed('encodeMs', () => encodeInferAnswer(response, request));
      if (jsonLength === undefined) reply.header('content-type', 'application/json');
      else {
        reply.header('content-type', 'application/octet-stream');
        reply.header(HEADER_LENGTH, String(jsonLength));
      }
      if (caller.timing) reply.header(SERVER_TIMING, caller.timing.text());
      this.send(body, reply);
    } catch (thrown) {
      this.parts.fail(reply, thrown);
    }
  }

  private send(body: Buffer | string, reply: FastifyReply): void {
    const accepted = reply.request.raw.headers['accept-encoding'];
    const compression =
      accepted !== undefined && body.length >= this.parts.compressionMinBytes
        ? compressionFor(String(accepted))
        : undefined;
    if (!compression) {
      reply.send(body);
      return;
    }
    compression.compress(body).then(
      (compressed) => {
        reply.header('content-encoding', compression.name).header('vary', 'accept-encoding').send(compressed);
      },
      (thrown: unknown) => this.parts.fail(reply, thrown),
    );
  }
}

/** How many bytes of the body are JSON; `undefined`: all of it; 0: none, it is one tensor's bytes. */
function jsonLengthOf(header: string | string[] | undefined, body: Buffer | undefined): number | undefined {
  if (header === undefined) return undefined;
  const text = String(header);
  const length = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  const available = body?.length ?? 0;
  if (length <= available) return length;
  throw oipError(
    'OIP_ERR_REQUEST',
    `Inference-Header-Content-Length is '${text.slice(0, 32)}': it must be the length of the JSON at the body's beginning, at most ${available} bytes`,
  );
}
