import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  UseGuards,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, BaseExceptionFilter, REQUEST } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsInt } from 'class-validator';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import type { Class, HandlerOf } from '../handler/handler-types.js';
import { Handler } from '../handler/handler.decorator.js';
import { ServiceRegistry } from '../lifecycle/service-registry.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

let app: TestingApplication;
afterEach(() => app.close());

async function serve(metadata: ModuleMetadata, configure?: (nest: NestFastifyApplication) => void): Promise<void> {
  app = await createTestingApplication(metadata, { configure });
}

/** The HTTP status and the gRPC code of one and the same request. */
async function statuses(service: Class, path: string): Promise<[number, number]> {
  const rows = [{ x: 1 }];
  const http = await app.inject({ method: 'POST', url: path, payload: rows });
  return [http.statusCode, (await app.grpc.predict(service, { rows })).code];
}

const REFUSED = [403, 7];

@Injectable()
class Policy {
  readonly open: boolean = false;
}

@Injectable()
class PolicyGuard implements CanActivate {
  constructor(@Inject(Policy) private readonly policy: Policy) {}
  canActivate(): boolean {
    return this.policy.open;
  }
}

@Service('guarded')
@UseGuards(PolicyGuard)
class GuardedService {
  @Handler({ in: Point, out: Point })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

@Service('open')
class OpenService {
  @Handler({ in: Point, out: Point })
  same(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

@Handler({ in: Point, out: Point })
@UseGuards(PolicyGuard)
class GuardedStep implements HandlerOf<Point, Point> {
  handle(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

@Service('elsewhere', { handlers: [GuardedStep] })
class ElsewhereService {}

describe('guards', () => {
  it('of a service apply wherever its module lists it', async () => {
    await serve({ providers: [Policy, GuardedService] });
    expect(await statuses(GuardedService, '/guarded')).toEqual(REFUSED);
    await app.close();
    await serve({ providers: [Policy], controllers: [GuardedService] });
    expect(await statuses(GuardedService, '/guarded')).toEqual(REFUSED);
  });

  it('of a handler class apply although its module is another than the service’s', async () => {
    @Module({ providers: [Policy, GuardedStep], exports: [GuardedStep] })
    class StepModule {}
    await serve({ imports: [StepModule], providers: [ElsewhereService] });
    expect(await statuses(ElsewhereService, '/elsewhere')).toEqual(REFUSED);
  });

  it.each([Scope.REQUEST, Scope.TRANSIENT])('that are global apply with scope %s too', async (scope) => {
    @Injectable({ scope })
    class ScopedGuard implements CanActivate {
      private readonly open = false;
      canActivate(): boolean {
        return this.open;
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: ScopedGuard }];
    await serve({ providers: [...providers, OpenService] });
    expect(await statuses(OpenService, '/open')).toEqual(REFUSED);
    await app.close();
    await serve({ providers, controllers: [OpenService] });
    expect(await statuses(OpenService, '/open')).toEqual(REFUSED);
  });

  it('that are request-scoped are made for each request', async () => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class OnceGuard implements CanActivate {
      constructor(@Inject(REQUEST) private readonly request: unknown) {}
      canActivate(): boolean {
        return seen.push(this.request) > 0;
      }
    }
    await serve({ providers: [{ provide: APP_GUARD, useClass: OnceGuard }, OpenService] });
    expect(await statuses(OpenService, '/open')).toEqual([200, 0]);
    expect(new Set(seen).size).toBe(2);
  });
});

describe('global guards, interceptors, pipes and filters', () => {
  class Params {
    @IsInt() version!: number;
  }

  @Service('versions/:version', { params: Params })
  class VersionService {
    @Handler({ in: Point, out: Point })
    version(points: Frame<Point>, { params }: Context<Params>): Point[] {
      if (points.rows > 2) throw new RangeError('too many');
      return points.records().map(() => ({ x: params.version }));
    }
  }

  let log: string[] = [];

  class LogGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return log.push(`guard ${context.getType()}`) > 0;
    }
  }
  class FirstRow implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler<Frame>): Observable<Frame> {
      log.push('interceptor');
      return next.handle().pipe(map((frame) => frame.slice(0, 1)));
    }
  }
  class NextVersion implements PipeTransform {
    transform(value: unknown, { type, metatype }: { type: string; metatype?: Class }): unknown {
      log.push(`pipe ${type} ${metatype?.name}`);
      return type === 'param' ? { version: (value as Params).version + 1 } : value;
    }
  }
  @Catch(RangeError)
  class Teapot implements ExceptionFilter {
    catch(_error: RangeError, host: ArgumentsHost): Answer {
      log.push(`filter ${host.getType()}`);
      return new Answer({ status: 409, body: 'tea' });
    }
  }

  const injected = [
    { provide: APP_GUARD, useClass: LogGuard },
    { provide: APP_INTERCEPTOR, useClass: FirstRow },
    { provide: APP_PIPE, useClass: NextVersion },
    { provide: APP_FILTER, useClass: Teapot },
  ];
  const given = (nest: NestFastifyApplication): void => {
    nest.useGlobalGuards(new LogGuard());
    nest.useGlobalInterceptors(new FirstRow());
    nest.useGlobalPipes(new NextVersion());
    nest.useGlobalFilters(new Teapot());
  };
  const steps = ['interceptor', 'pipe param Params', 'pipe custom Frame'];

  it.each([
    ['injected as APP_…', () => serve({ providers: [VersionService, ...injected] })],
    ['given by useGlobal…', () => serve({ providers: [VersionService] }, given)],
  ])('%s apply once each, in order, on both protocols', async (_how, start) => {
    await start();
    log = [];
    const rows = [{ x: 1 }, { x: 2 }];
    const http = await app.inject({ method: 'POST', url: '/versions/3', payload: rows });
    expect(http.json()).toMatchObject({ records: [{ x: 4 }] });
    expect(log).toEqual(['guard http', ...steps]);

    log = [];
    const grpc = await app.grpc.predict(VersionService, { version: '3', rows });
    expect(grpc.response).toEqual({ rows: [{ x: 4 }] });
    expect(log).toEqual(['guard rpc', ...steps]);

    const tooMany = [...rows, { x: 3 }];
    const refused = await app.inject({ method: 'POST', url: '/versions/3', payload: tooMany });
    expect([refused.statusCode, refused.body]).toEqual([409, 'tea']);
    const aborted = await app.grpc.predict(VersionService, { version: '3', rows: tooMany });
    expect(aborted).toMatchObject({ code: 10, message: 'tea' });
  });

  it('let a filter answer through Fastify’s reply, as in Nest', async () => {
    @Catch(RangeError)
    class Reply implements ExceptionFilter {
      catch(_error: RangeError, host: ArgumentsHost): void {
        const reply = host.switchToHttp().getResponse<{ code(status: number): { send(body: string): void } }>();
        reply.code(418).send('by reply');
      }
    }
    await serve({ providers: [VersionService, { provide: APP_FILTER, useClass: Reply }] });
    const payload = [{ x: 1 }, { x: 2 }, { x: 3 }];
    const answer = await app.inject({ method: 'POST', url: '/versions/3', payload });
    expect([answer.statusCode, answer.body]).toEqual([418, 'by reply']);
  });
});

describe("a filter that leaves errors to Nest's own", () => {
  it('keeps their status', async () => {
    @Catch()
    class LogAll extends BaseExceptionFilter {}
    await serve({ providers: [OpenService, { provide: APP_FILTER, useClass: LogAll }] });
    const answer = await app.inject({ method: 'POST', url: '/open', payload: [{ y: 1 }] });
    expect([answer.statusCode, answer.json().message]).toEqual([422, expect.stringContaining("column 'x'")]);
  });
});

describe('a service without any of them', () => {
  it('is called without a promise, whatever else the application has', async () => {
    await serve({ providers: [OpenService, GuardedService, Policy] });
    const runtimes = app.nest.get(ServiceRegistry).runtimes;
    const plain = runtimes.find(({ definition }) => definition.name === 'OpenService')!;
    const frame = Frame.fromRecords([{ x: 1 }]);
    expect(plain.invoke({ params: {} } as Context, () => frame)).toBe(frame);
  });
});

describe('a transient handler', () => {
  it('has its constructor run', async () => {
    @Injectable({ scope: Scope.TRANSIENT })
    @Handler({ in: Point, out: Point })
    class Offset implements HandlerOf<Point, Point> {
      private readonly by = 5;
      handle(points: Frame<Point>): Point[] {
        return points.records().map(({ x }) => ({ x: x + this.by }));
      }
    }
    @Service('offset', { handlers: [Offset] })
    class OffsetService {}
    await serve({ providers: [Offset, OffsetService] });
    const answer = await app.inject({ method: 'POST', url: '/offset', payload: [{ x: 1 }] });
    expect(answer.json()).toMatchObject({ records: [{ x: 6 }] });
  });
});
