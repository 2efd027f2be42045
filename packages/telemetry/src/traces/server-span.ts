import type { Attributes } from '@opentelemetry/api';
import { type AnswerEvent, type ModelUse, toWitanError, type WitanError } from '@witan/core';
import { GRPC_CODES, METHODS } from '../events/conventions.js';
import { isServerError, type TracedRequest } from './traced-request.js';
import { errorEvent } from './span-errors.js';
import { SPAN_KIND, type SpanEvent, type SpanParts } from './span-data.js';

/** A value that a caller chose is cut to this. */
const MAX_TEXT_CHARS = 256;

/**
 * The span of a request as its server saw it, named by OpenTelemetry's conventions for HTTP and RPC; what they have no
 * name for is under `witan.`.
 */
export function serverSpan(request: TracedRequest, event: AnswerEvent, startEpochMs: number): SpanParts {
  const failed = isServerError(event);
  const thrown = request.event?.error;
  const error = thrown === undefined ? undefined : toWitanError(thrown);
  const { parent, traceId, spanId, tracestate } = request;
  return {
    traceId,
    spanId,
    ...(parent && { parent: { spanId: parent.spanId, isRemote: true } }),
    tracestate,
    name: nameOf(event),
    kind: SPAN_KIND.server,
    startEpochMs,
    durationMs: event.durationMs,
    attributes: attributesOf(request, event),
    events: eventsOf(error, startEpochMs + event.durationMs),
    failed,
    ...(failed && error && { message: cut(error.message) }),
  };
}

function nameOf({ transport, method, route }: AnswerEvent): string {
  if (transport === 'grpc') return route === '' ? 'unknown method' : route;
  const known = METHODS.has(method) ? method : 'HTTP';
  return route === '' ? known : `${known} ${route}`;
}

function attributesOf(request: TracedRequest, event: AnswerEvent): Attributes {
  const attributes: Attributes = event.transport === 'grpc' ? rpcAttributes(event) : httpAttributes(event);
  const { code } = event;
  if (code !== undefined) attributes['witan.error.code'] = code;
  const { event: service, context } = request;
  if (service) {
    attributes['witan.service'] = service.service;
    if (service.rows !== undefined) attributes['witan.rows'] = service.rows;
  }
  if (context) addContext(attributes, context);
  if (request.droppedChildren > 0) attributes['witan.dropped_children'] = request.droppedChildren;
  return attributes;
}

function httpAttributes({ method, route, status, code, requestBytes, answerBytes }: AnswerEvent): Attributes {
  const known = METHODS.has(method);
  return {
    'http.request.method': known ? method : '_OTHER',
    ...(!known && { 'http.request.method_original': cut(method) }),
    ...(route !== '' && { 'http.route': route }),
    'http.response.status_code': status,
    'http.request.body.size': requestBytes,
    'http.response.body.size': answerBytes,
    ...(status >= 500 && { 'error.type': code ?? String(status) }),
  };
}

function rpcAttributes(event: AnswerEvent): Attributes {
  const name = GRPC_CODES[event.status] ?? String(event.status);
  return {
    'rpc.system.name': 'grpc',
    ...(event.route !== '' && { 'rpc.method': event.route }),
    'rpc.response.status_code': name,
    ...(isServerError(event) && { 'error.type': event.code ?? name }),
  };
}

function addContext(attributes: Attributes, context: NonNullable<TracedRequest['context']>): void {
  attributes['witan.request.id'] = context.requestId;
  const { principal, phases, models } = context;
  if (principal !== undefined) attributes['witan.principal'] = cut(principal);
  for (const [phase, ms] of Object.entries(phases ?? {})) {
    if (typeof ms === 'number') attributes[`witan.phase.${phase.slice(0, -2)}_ms`] = ms;
  }
  const [first] = models;
  if (first) Object.assign(attributes, modelAttributes(first));
  if (models.length > 1) attributes['witan.models'] = models.map(({ model, version }) => `${model}@${version}`);
}

export function modelAttributes(use: ModelUse): Attributes {
  const { model, version, alias, experiment, variant } = use;
  return {
    'witan.model.name': model,
    'witan.model.version': version,
    ...(alias !== undefined && { 'witan.model.alias': alias }),
    ...(experiment !== undefined && { 'witan.experiment': experiment }),
    ...(variant !== undefined && { 'witan.variant': variant }),
  };
}

function eventsOf(error: WitanError | undefined, epochMs: number): SpanEvent[] {
  return error ? [errorEvent(error, epochMs)] : [];
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
