import type { AnswerEvent, Context } from '@witan/core';
import { isServerError, TracedRequest } from '../traces/traced-request.js';
import type { LogLevel } from './log-options.js';

/** A value that a caller chose is cut to this. */
const MAX_TEXT_CHARS = 256;

/** What a request's line says, besides time and level. */
export interface RequestLine {
  readonly msg: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly requestId?: string;
  readonly service?: string;
  readonly route: string;
  readonly method?: string;
  readonly transport: string;
  readonly status: number;
  readonly code?: string;
  readonly durationMs: number;
  readonly rows?: number;
  readonly model?: string;
  readonly version?: string;
  readonly alias?: string;
  readonly experiment?: string;
  readonly variant?: string;
  readonly principal?: string;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Lines of the same kind before this one that were not written. */
  readonly suppressed?: number;
}

/** `error`: the server's doing. `warn`: the caller's. */
export function levelOf(event: AnswerEvent): LogLevel {
  if (isServerError(event)) return 'error';
  const failed = event.transport === 'grpc' ? event.status !== 0 : event.status >= 400;
  return failed ? 'warn' : 'info';
}

export function requestLine(event: AnswerEvent, headers: readonly string[], suppressed: number): RequestLine {
  const { transport, route, method, status, code, durationMs, requestBytes, answerBytes, context } = event;
  return {
    msg: 'request',
    ...(context && idsOf(context)),
    route,
    ...(method !== '' && { method: cut(method) }),
    transport,
    status,
    ...(code !== undefined && { code }),
    durationMs: Math.round(durationMs * 1000) / 1000,
    ...(context && aboutContext(context, headers)),
    requestBytes,
    answerBytes,
    ...(suppressed > 0 && { suppressed }),
  };
}

function idsOf(context: Context): Partial<RequestLine> {
  const request = TracedRequest.of(context);
  return {
    ...(request && { trace_id: request.traceId, span_id: request.spanId }),
    requestId: context.requestId,
    ...(request?.event && {
      service: request.event.service,
      ...(request.event.rows !== undefined && { rows: request.event.rows }),
    }),
  };
}

function aboutContext(context: Context, headers: readonly string[]): Partial<RequestLine> {
  const { models, principal } = context;
  const [use] = models;
  return {
    // `undefined` members are not written.
    ...(use && {
      model: use.model,
      version: use.version,
      alias: use.alias,
      experiment: use.experiment,
      variant: use.variant,
    }),
    ...(principal !== undefined && { principal: cut(principal) }),
    ...(headers.length > 0 && { headers: headersOf(context, headers) }),
  };
}

function headersOf(context: Context, names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = context.header(name);
    if (value !== undefined) found[name] = cut(value);
  }
  return found;
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
