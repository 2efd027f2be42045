import { tracingChannel } from 'node:diagnostics_channel';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ServiceResult } from './runtime.js';

/** What `witan.request` says of one request; the same object at its start and its end. */
export interface RequestEvent {
  /** The service's class, e.g. `IrisService`; of other protocols their name: `oip`, `hushar`. */
  readonly service: string;
  /** Its `principal` is who called, where keys are asked for. */
  readonly context: Context;
  /** Clock milliseconds at which it began. */
  readonly startedAt: number;
  /** Known once it is over: of a stream, with its last Frame. */
  durationMs?: number;
  /** Rows of the request; known once it was decoded. */
  rows?: number;
  /** What it was decoded to; of other protocols than Witan's own nothing. Not to be changed. */
  input?: Frame;
  /** What it was answered with; of other protocols than Witan's own nothing. */
  result?: ServiceResult;
  /** What it failed with, as it was thrown. */
  error?: unknown;
}

/**
 * A request from where its headers are read to where its answer is known (of a stream: to its last Frame), decoding,
 * validation, guards and handlers included. Published only while somebody subscribes: `start`, around whose publication
 * stores are bound for everything that the request runs; `end` when the synchronous part is over; `error` if it failed;
 * `asyncStart` and `asyncEnd` exactly once each when it is over, also where all of it was synchronous.
 */
export const requestChannel = tracingChannel<RequestEvent, RequestEvent>('witan.request');
