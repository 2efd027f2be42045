import { channel } from 'node:diagnostics_channel';
import type { Context, TransportName } from '../handler/context.js';

/** What `witan.answer` says of one request on either port: of services, of other protocols, and of Witan's own routes. */
export interface AnswerEvent {
  readonly transport: TransportName;
  /** HTTP: the route's pattern, `/predictions/iris/:run`; gRPC: `iris.v1.IrisService/Predict`. `''`: no such route. */
  readonly route: string;
  /** HTTP: the method. gRPC: `''`. */
  readonly method: string;
  /** HTTP status, or gRPC code. */
  readonly status: number;
  /** Of a refused or failed request: its error's code, e.g. `CORE_ERR_BATCH_QUEUE_FULL`. */
  readonly code: string | undefined;
  /** Clock milliseconds at which its headers were read. */
  readonly startedAt: number;
  /** To where its last byte was given to the operating system. */
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Of services and of protocols that have one. */
  readonly context: Context | undefined;
}

/** Published once a request, when its answer is on its way and only while somebody subscribes; also for those who left. */
export const answerChannel = channel('witan.answer');

/** Requests whose answer is still due, counted from when somebody began to subscribe to `witan.answer`. @internal */
export const activeRequests = { http: 0, grpc: 0 };
