import { type ArgumentsHost, Catch, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import { foreignStatus } from '../call/foreign-status.js';

const INTERNAL = 13;

/**
 * For Nest's own gRPC controllers (`@GrpcMethod`): maps HttpExceptions, WitanErrors and gRPC exceptions to their gRPC
 * status with details, anything else to INTERNAL. Without it Nest turns most of them into one INTERNAL error. Over HTTP it
 * does what Nest does by default, so it may be global.
 * @example
 * providers: [{ provide: APP_FILTER, useClass: RpcExceptionFilter }]
 */
@Catch()
export class RpcExceptionFilter extends BaseExceptionFilter {
  private readonly log = new Logger('RpcExceptionFilter');

  override catch(exception: unknown, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() !== 'rpc') return super.catch(exception, host);
    const status = foreignStatus(exception);
    if (status.code === INTERNAL) this.log.error(exception);
    return throwError(() => new StatusError(status));
  }
}

/** A status as it travels through rxjs; it is taken as it is at the other end. */
class StatusError extends Error {
  readonly code: number;
  readonly metadata: { getMap(): Record<string, Buffer>; get(name: string): Buffer[] } | undefined;

  constructor({ code, message, details }: ReturnType<typeof foreignStatus>) {
    super(message);
    this.code = code;
    const map = details && { 'grpc-status-details-bin': details };
    this.metadata = map && { getMap: () => map, get: () => [details] };
  }
}
