import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  Scope,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { map, type Observable, throwError } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let app: TestingApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const metadata = context.switchToRpc().getContext<{ get(name: string): unknown[] }>();
    if (metadata.get('x-key')[0] === 'k') return true;
    throw new UnauthorizedException('show a key');
  }
}

@Injectable()
class Negate implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<Frame<Point>>): Observable<Point[]> {
    return next.handle().pipe(map((frame) => frame.records().map(({ x }) => ({ x: -x }))));
  }
}

@Catch(RangeError)
class RangeFilter implements ExceptionFilter {
  catch(error: RangeError, _host: ArgumentsHost): Observable<never> {
    return throwError(() => ({ code: 11, message: error.message }));
  }
}

@Service('guarded')
@UseGuards(KeyGuard)
@UseInterceptors(Negate)
@UseFilters(RangeFilter)
class GuardedService {
  @Handler({ in: Point, out: Point, batch: true })
  double(points: Frame<Point>): Point[] {
    const records = points.records();
    if (records.some(({ x }) => x > 100)) throw new RangeError('too large');
    return records.map(({ x }) => ({ x: x * 2 }));
  }
}

describe('a service over gRPC', () => {
  it('runs guards, interceptors and filters of its class around a batched handler', async () => {
    app = await createTestingApplication({ providers: [GuardedService] });
    const call = (x: number, metadata: Record<string, string>) =>
      app!.grpc.predict(GuardedService, { rows: [{ x }] }, { metadata });
    expect(await call(1, {})).toMatchObject({ code: 16, message: 'show a key' });
    expect(await call(1, { 'x-key': 'k' })).toMatchObject({ code: 0, response: { rows: [{ x: -2 }] } });
    expect(await call(101, { 'x-key': 'k' })).toMatchObject({ code: 11, message: 'too large' });
  });

  it('lets a filter turn an error of a per-request handler into a status', async () => {
    @Service('plain')
    @UseFilters(RangeFilter)
    class PlainService {
      @Handler({ in: Point, out: Point })
      fail(_points: Frame<Point>): Point[] {
        throw new RangeError('out of range');
      }
    }
    app = await createTestingApplication({ providers: [PlainService] });
    expect(await app.grpc.predict(PlainService, { rows: [{ x: 1 }] })).toMatchObject({
      code: 11,
      message: 'out of range',
    });
  });

  it('reads and sets metadata, and answers early', async () => {
    @Service('early')
    class EarlyService {
      @Handler({ in: Point, out: Point })
      answer(points: Frame<Point>, context: Context): Frame<Point> | Answer {
        context.setHeader('x-seen', context.header('x-name') ?? 'nobody');
        return context.header('x-stop') ? new Answer({ status: 409, body: 'stopped' }) : points;
      }
    }
    app = await createTestingApplication({ providers: [EarlyService] });
    const rows = [{ x: 1 }];
    const answered = await app.grpc.predict(EarlyService, { rows }, { metadata: { 'x-name': 'me' } });
    expect(answered).toMatchObject({ code: 0, headers: { 'x-seen': 'me' }, response: { rows } });
    const stopped = await app.grpc.predict(EarlyService, { rows }, { metadata: { 'x-stop': '1' } });
    expect(stopped).toMatchObject({ code: 10, message: 'stopped' });
  });

  it('gives request-scoped providers the Context as their request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Caller {
      constructor(@Inject(REQUEST) readonly context: Context) {}
    }
    @Service('scoped')
    class ScopedService {
      constructor(@Inject(Caller) private readonly caller: Caller) {}
      @Handler({ in: Point, out: Point })
      answer(_points: Frame<Point>): Point[] {
        return [{ x: Number(this.caller.context.header('x-number')) }];
      }
    }
    app = await createTestingApplication({ providers: [ScopedService, Caller] });
    const answered = await app.grpc.predict(ScopedService, { rows: [{ x: 1 }] }, { metadata: { 'x-number': '7' } });
    expect(answered).toMatchObject({ response: { rows: [{ x: 7 }] } });
  });
});
