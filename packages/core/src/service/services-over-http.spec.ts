import {
  type CanActivate,
  type CallHandler,
  Catch,
  type ArgumentsHost,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  ParseIntPipe,
  type PipeTransform,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  Inject,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import {
  IsInt,
  IsOptional,
  Max,
  Min,
  Validate,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import { BatchContext } from '../handler/batch-context.js';
import { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import type { HandlerOf } from '../handler/handler-types.js';
import type { WitanApplication } from '../lifecycle/witan-application.js';
import { WitanFactory } from '../lifecycle/witan-factory.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from './service.decorator.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}
@Schema()
class Sum {
  @Column('f64') sum!: number;
}

let app: WitanApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function serve(metadata: ModuleMetadata): Promise<WitanApplication> {
  app = await WitanFactory.create({ module: class AppModule {}, ...metadata }, { logger: false, abortOnError: false });
  return app;
}

async function post(path: string, payload: unknown, headers: Record<string, string> = {}) {
  const response = await app!.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(payload),
  });
  const json = response.headers['content-type']?.toString().startsWith('application/json');
  return { status: response.statusCode, headers: response.headers, body: json ? response.json() : response.payload };
}

function plusOne(points: Frame<Point>): Sum[] {
  return points.records().map(({ x }) => ({ sum: x + 1 }));
}

@Service('plus')
class PlusService {
  @Handler({ in: Point, out: Sum })
  plus(points: Frame<Point>): Sum[] {
    return plusOne(points);
  }
}

describe('a service over HTTP', () => {
  it('answers records with records', async () => {
    await serve({ providers: [PlusService] });
    expect(await post('/plus', [{ x: 1 }, { x: 2 }])).toMatchObject({
      status: 200,
      body: { records: [{ sum: 2 }, { sum: 3 }] },
    });
  });

  it('may stand in controllers too', async () => {
    await serve({ controllers: [PlusService] });
    expect((await post('/plus', [{ x: 1 }])).body).toMatchObject({ records: [{ sum: 2 }] });
  });

  it('names row, column, value and rule of what breaks the schema', async () => {
    await serve({ providers: [PlusService] });
    const { status, body } = await post('/plus', [{ x: 1 }, { x: 'two' }, {}]);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: 'CORE_ERR_VALIDATION', status: 'INVALID_ARGUMENT' });
    expect(body.error.details.violations).toMatchObject([
      { row: 1, column: 'x', value: '"two"' },
      { row: 2, column: 'x', rule: 'required' },
    ]);
  });

  it('runs without schemas, with dtypes inferred', async () => {
    @Service('echo')
    class EchoService {
      @Handler()
      echo(frame: Frame) {
        return frame;
      }
    }
    await serve({ providers: [EchoService] });
    const { body } = await post('/echo', [
      { name: 'a', n: 1 },
      { name: 'b', n: null },
    ]);
    expect(body.records).toEqual([
      { name: 'a', n: 1 },
      { name: 'b', n: null },
    ]);
  });

  it('answers an error of user code with INTERNAL, and keeps its text to itself', async () => {
    @Service('broken')
    class BrokenService {
      @Handler({ in: Point, out: Sum })
      fail(_points: Frame<Point>): Sum[] {
        throw new Error('secret');
      }
    }
    await serve({ providers: [BrokenService] });
    const { status, body } = await post('/broken', [{ x: 1 }]);
    expect(status).toBe(500);
    expect(body.error.code).toBe('CORE_ERR_INTERNAL');
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('answers INTERNAL when a handler breaks its own output schema', async () => {
    @Service('wrong')
    class WrongService {
      @Handler({ in: Point, out: Sum })
      give(_points: Frame<Point>): Sum[] {
        return [{ total: 1 }] as unknown as Sum[];
      }
    }
    await serve({ providers: [WrongService] });
    expect(await post('/wrong', [{ x: 1 }])).toMatchObject({ status: 500, body: { error: { status: 'INTERNAL' } } });
  });
});

describe('a chain', () => {
  @Handler({ in: Point, out: Point })
  class Double implements HandlerOf<Point, Point> {
    handle(points: Frame<Point>, context: Context): Frame<Point> | Answer {
      if (context.header('x-skip'))
        return new Answer({ status: 202, headers: { 'x-early': '1' }, body: { skipped: true } });
      context.setHeader('x-seen', String(points.rows));
      return Frame.fromRecords(points.records().map(({ x }) => ({ x: x * 2 }))) as Frame<Point>;
    }
  }

  @Service('chain', { handlers: [Double, 'sum'] })
  class ChainService {
    batches: number[] = [];

    @Handler({ in: Point, out: Sum, batch: true })
    sum(points: Frame<Point>, batch: BatchContext): Sum[] {
      this.batches.push(batch.requests.length);
      return plusOne(points);
    }
  }

  it('runs class handlers and methods in order, batches many requests, and answers each with its rows', async () => {
    await serve({ providers: [ChainService, Double] });
    await app!.init();
    const answers = await Promise.all([1, 2, 3].map((x) => post('/chain', [{ x }, { x: x * 10 }])));
    expect(answers.map(({ body }) => body.records)).toEqual(
      [1, 2, 3].map((x) => [{ sum: x * 2 + 1 }, { sum: x * 20 + 1 }]),
    );
    expect(answers[0]!.headers['x-seen']).toBe('2');
    const { batches } = app!.nest.get(ChainService);
    expect(batches.reduce((sum, requests) => sum + requests, 0)).toBe(3);
  });

  it('ends early with an Answer', async () => {
    await serve({ providers: [ChainService, Double] });
    const { status, headers, body } = await post('/chain', [{ x: 1 }], { 'x-skip': '1' });
    expect([status, headers['x-early'], body]).toEqual([202, '1', { skipped: true }]);
  });

  it('is refused at boot when the dtypes do not fit, with both schemas printed', async () => {
    @Schema()
    class Small {
      @Column('f32') x!: number;
    }
    @Service('misfit', { handlers: ['one', 'two'] })
    class Misfit {
      @Handler({ in: Point, out: Small })
      one(_points: Frame<Point>): Small[] {
        return [];
      }
      @Handler({ in: Point, out: Sum })
      two(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [Misfit] });
    await expect(app!.init()).rejects.toThrow(/Misfit\.two does not take what Misfit\.one gives[\s\S]*f32[\s\S]*f64/);
    app = undefined;
  });

  it('is refused at boot when a service has several handlers and no chain', async () => {
    @Service('unclear')
    class Unclear {
      @Handler({ in: Point, out: Sum })
      one(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
      @Handler({ in: Point, out: Sum })
      two(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [Unclear] });
    await expect(app!.init()).rejects.toThrow(/2 @Handler methods \(one, two\)/);
    app = undefined;
  });

  it('streams what a handler yields', async () => {
    @Service('stream')
    class StreamService {
      @Handler({ in: Point, out: Sum })
      async *each(points: Frame<Point>): AsyncGenerator<Frame<Sum>> {
        for (const { x } of points.records()) yield Frame.fromRecords([{ sum: x }]) as Frame<Sum>;
      }
    }
    await serve({ providers: [StreamService] });
    const { body } = await post('/stream', [{ x: 1 }, { x: 2 }], { accept: 'application/x-ndjson' });
    expect(
      String(body)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ sum: 1 }, { sum: 2 }]);
  });
});

describe('a batched handler', () => {
  const wrong: [string, (points: Frame<Point>) => unknown, string, string][] = [
    ['an early answer', () => new Answer({ status: 204 }), 'CORE_ERR_HANDLER_RESULT', 'gave an Answer'],
    ['a stream', async function* () {}, 'CORE_ERR_HANDLER_RESULT', 'gave a stream'],
    ['fewer rows', (points) => plusOne(points.slice(1)), 'CORE_ERR_BATCH_ROWS', '2 rows and answered 1'],
  ];
  it.each(wrong)('cannot give %s', async (_what, give, code, message) => {
    @Service('wrong')
    class WrongService {
      @Handler({ in: Point, out: Sum, batch: true })
      wrong(points: Frame<Point>): Sum[] {
        return give(points) as Sum[];
      }
    }
    await serve({ providers: [WrongService] });
    const { status, body } = await post('/wrong', [{ x: 1 }, { x: 2 }]);
    expect(status).toBe(500);
    expect(body.error).toMatchObject({ code, status: 'INTERNAL', message: expect.stringContaining(message) });
  });
});

describe('parameters', () => {
  class Params {
    @IsInt() @Min(1) version!: number;
    @IsOptional() @IsInt() @Max(10) top?: number;
  }

  @Service('models/:version', { params: Params })
  class ParamsService {
    @Handler({ in: Point, out: Sum, batch: true })
    run(points: Frame<Point>, context: BatchContext<Params>): Sum[] {
      const { version, top = 0 } = context.params;
      return points.records().map(() => ({ sum: version * 100 + top }));
    }
  }

  it('are converted and validated by their class', async () => {
    await serve({ providers: [ParamsService] });
    expect((await post('/models/2?top=3', [{ x: 1 }])).body.records).toEqual([{ sum: 203 }]);
    const { status, body } = await post('/models/none?top=11', [{ x: 'not read' }]);
    expect(status).toBe(422);
    expect(body.error.details.violations.map((v: { column: string }) => v.column).sort()).toEqual([
      'top',
      'version',
      'version',
    ]);
  });

  it('are in the OpenAPI document with their types and rules', async () => {
    await serve({ providers: [ParamsService] });
    const { paths } = (await app!.inject('/openapi.json')).json() as Record<string, Record<string, any>>;
    expect(paths!['/models/{version}'].post.parameters.slice(0, 2)).toEqual([
      { name: 'version', in: 'path', required: true, schema: { type: 'integer', minimum: 1 } },
      { name: 'top', in: 'query', required: false, schema: { type: 'integer', maximum: 10 } },
    ]);
  });

  it('are refused at boot when a rule of their class is asynchronous', async () => {
    @ValidatorConstraint({ async: true })
    class Known implements ValidatorConstraintInterface {
      validate(): Promise<boolean> {
        return Promise.resolve(false);
      }
    }
    class AsyncParams {
      @Validate(Known) version!: string;
    }
    @Service('never/:version', { params: AsyncParams })
    class NeverService {
      @Handler({ in: Point, out: Sum })
      plus(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [NeverService] });
    await expect(app!.init()).rejects.toThrow(/AsyncParams, property 'version': an asynchronous validator/);
    app = undefined;
  });

  it('never share a batch when they differ', async () => {
    await serve({ providers: [ParamsService] });
    await app!.init();
    const answers = await Promise.all([1, 2, 1, 2].map((version) => post(`/models/${version}`, [{ x: 1 }])));
    expect(answers.map(({ body }) => body.records[0].sum)).toEqual([100, 200, 100, 200]);
  });
});

describe("Nest's enhancers", () => {
  const Roles = (...roles: string[]) => SetMetadata('roles', roles);

  @Injectable()
  class RolesGuard implements CanActivate {
    constructor(@Inject(Reflector) private readonly reflector: Reflector) {}
    canActivate(context: ExecutionContext): boolean {
      const roles = this.reflector.get<string[] | undefined>('roles', context.getHandler());
      const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
      return !roles || roles.includes(headers['x-role'] ?? '');
    }
  }

  @Injectable()
  class Stamp implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      context.switchToHttp().getResponse<{ header(name: string, value: string): void }>().header('x-stamp', 'seen');
      return next.handle().pipe(map((frame) => frame));
    }
  }

  @Catch(RangeError)
  class Teapot implements ExceptionFilter {
    catch(_error: RangeError, _host: ArgumentsHost): Answer {
      return new Answer({ status: 418, body: { teapot: true } });
    }
  }

  @Service('guarded')
  @UseInterceptors(Stamp)
  @UseFilters(Teapot)
  class GuardedService {
    @Handler({ in: Point, out: Sum })
    @UseGuards(RolesGuard)
    @Roles('admin')
    plus(points: Frame<Point>): Sum[] {
      if (points.rows > 2) throw new RangeError('too many');
      return plusOne(points);
    }
  }

  it('apply once around the chain: guard before the body is read, interceptor, filter', async () => {
    await serve({ providers: [GuardedService] });
    const refused = await post('/guarded', [{ x: 'not read' }]);
    expect(refused).toMatchObject({ status: 403, body: { error: { status: 'PERMISSION_DENIED' } } });
    const admin = { 'x-role': 'admin' };
    const answered = await post('/guarded', [{ x: 1 }], admin);
    expect(answered.body.records).toEqual([{ sum: 2 }]);
    expect(answered.headers['x-stamp']).toBe('seen');
    expect(await post('/guarded', [{ x: 1 }, { x: 2 }, { x: 3 }], admin)).toMatchObject({
      status: 418,
      body: { teapot: true },
    });
  });

  it('that are global apply too, injected or not', async () => {
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        throw new ForbiddenException('closed today');
      }
    }
    await serve({ providers: [PlusService, { provide: APP_GUARD, useClass: Never }] });
    expect(await post('/plus', [{ x: 1 }])).toMatchObject({
      status: 403,
      body: { error: { message: 'closed today' } },
    });
  });

  it('pipes see the Frame and the parameters', async () => {
    class KeepFirst implements PipeTransform {
      transform(value: unknown): unknown {
        return value instanceof Frame ? value.slice(0, 1) : value;
      }
    }
    @Service('piped')
    @UsePipes(KeepFirst)
    class PipedService {
      @Handler({ in: Point, out: Sum })
      plus(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [PipedService] });
    expect((await post('/piped', [{ x: 1 }, { x: 2 }])).body.records).toEqual([{ sum: 2 }]);
  });

  it.each([
    ['guard', UseGuards(RolesGuard)],
    ['interceptor', UseInterceptors(Stamp)],
    ['pipe', UsePipes(ParseIntPipe)],
    ['filter', UseFilters(Teapot)],
  ])('on a batched handler are refused at boot: %s', async (kind, decorator) => {
    @Service('batched')
    class BatchedService {
      @Handler({ in: Point, out: Sum, batch: true })
      @decorator
      plus(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [BatchedService] });
    await expect(app!.init()).rejects.toThrow(`BatchedService.plus is batched and has a ${kind}`);
    app = undefined;
  });

  it('a batched handler of a request-scoped service is refused at boot', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Service('batched')
    class BatchedService {
      constructor(@Inject(PerRequest) readonly own: PerRequest) {}
      @Handler({ in: Point, out: Sum, batch: true })
      plus(points: Frame<Point>): Sum[] {
        return plusOne(points);
      }
    }
    await serve({ providers: [BatchedService, PerRequest] });
    await expect(app!.init()).rejects.toThrow(/BatchedService\.plus is batched, but its class is request-scoped/);
    app = undefined;
  });

  it('a request-scoped service is made per request', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      readonly number = ++made;
      constructor(@Inject(REQUEST) readonly request: { headers: Record<string, string> }) {}
    }
    @Service('scoped')
    class ScopedService {
      constructor(@Inject(PerRequest) private readonly own: PerRequest) {}
      @Handler({ in: Point, out: Sum })
      number(points: Frame<Point>): Sum[] {
        const base = Number(this.own.request.headers['x-base'] ?? 0);
        return points.records().map(() => ({ sum: base + this.own.number }));
      }
    }
    await serve({ providers: [ScopedService, PerRequest] });
    expect((await post('/scoped', [{ x: 1 }], { 'x-base': '10' })).body.records).toEqual([{ sum: 11 }]);
    expect((await post('/scoped', [{ x: 1 }])).body.records).toEqual([{ sum: 2 }]);
  });
});
