import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Context, noteContext } from '@witan/core';
import { Observable, tap } from 'rxjs';
import { runInRequest } from '../traces/request-binding.js';
import { TraceSource } from '../traces/trace-source.js';
import type { TracedRequest } from '../traces/traced-request.js';
import { ControllerContext, type NestMetadata, type NestRequest } from './controller-context.js';
import { Measured } from './measured.js';

/** The call of a gRPC method on Witan's port. */
interface WatchedCall {
  answeredFor?(context: Context): void;
}

/**
 * For ordinary Nest controllers beside services, over HTTP and gRPC: how long each method takes
 * (`witan.method.duration`), a server span that continues the caller's trace, and that trace for what the method calls
 * and logs. Services have all this by themselves, and pass through.
 * @example
 * { provide: APP_INTERCEPTOR, useClass: TelemetryInterceptor }
 */
@Injectable()
export class TelemetryInterceptor implements NestInterceptor {
  constructor(
    @Inject(TraceSource) private readonly source: TraceSource,
    @Inject(Measured) private readonly measured: Measured,
  ) {}

  intercept(host: ExecutionContext, next: CallHandler): Observable<unknown> {
    const type = host.getType<string>();
    if ((type !== 'http' && type !== 'rpc') || host.getArgByIndex<unknown>(2) instanceof Context) return next.handle();
    const method = `${host.getClass().name}.${host.getHandler().name}`;
    const startedAt = this.measured.clock.now();
    const context = contextOf(host, method);
    const request = this.source.tracing?.begin({ service: method, context, startedAt });
    return this.watched(method, startedAt, request, next);
  }

  private watched(
    method: string,
    startedAt: number,
    request: TracedRequest | undefined,
    next: CallHandler,
  ): Observable<unknown> {
    let open = true;
    const over = (error?: unknown): void => {
      if (open) this.measured.over(method, startedAt, error, request);
      open = false;
    };
    const handled = (): Observable<unknown> =>
      next.handle().pipe(
        tap({
          error: (error: unknown) => {
            if (request?.event) request.event.error = error;
            over(error ?? 'nothing was thrown');
          },
          complete: () => over(),
          unsubscribe: () => over(),
        }),
      );
    if (!request || !this.source.tracing?.binds) return handled();
    return new Observable((subscriber) => runInRequest(request, () => handled().subscribe(subscriber)));
  }
}

function contextOf(host: ExecutionContext, method: string): ControllerContext {
  if (host.getType() === 'http') {
    const http = host.switchToHttp();
    const context = ControllerContext.ofHttp(method, http.getRequest<NestRequest>());
    noteContext(http.getResponse(), context);
    return context;
  }
  const context = ControllerContext.ofRpc(method, host.getArgByIndex<NestMetadata | undefined>(1));
  host.getArgByIndex<WatchedCall | undefined>(2)?.answeredFor?.(context);
  return context;
}
