import 'reflect-metadata';
import { type CanActivate, Injectable, UseGuards } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WitanError } from '../errors/witan-error.js';
import { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import { Handler } from '../handler/handler.decorator.js';
import type { HandlerOf } from '../handler/handler-types.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from '../service/service.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { type KeptCall, LOG_METADATA, RECORD_KEEPER, type RecordKeeper, type RecordPoint } from './record-keeper.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

/** What a sink's decorator does. */
const Log = (...requests: unknown[]) =>
  ((target: object, method?: string) => {
    if (method === undefined) Reflect.defineMetadata(LOG_METADATA, requests, target);
    else Reflect.defineMetadata(LOG_METADATA, requests, target, method);
  }) as ClassDecorator & MethodDecorator;

/** Keeps everything; what it does beside that is the test's. */
class Keeper implements RecordKeeper {
  readonly points: RecordPoint[] = [];
  readonly calls: KeptCall[] = [];
  keep: () => void | Promise<void> = () => {};
  admit: (context: Context) => void = () => {};

  open(point: RecordPoint) {
    this.points.push(point);
    return {
      keep: (call: KeptCall) => {
        this.calls.push(call);
        return this.keep();
      },
      admit: (context: Context) => this.admit(context),
    };
  }
  /** Point, rows in, and what came of it. */
  get seen(): string[] {
    return this.calls.map(
      ({ point, input, output, error }) =>
        `${point.kind} ${point.name}: ${xs(input)} -> ${output ? xs(output) : error instanceof Error ? error.message : 'nothing'}`,
    );
  }
}

const xs = (frame: Frame): string =>
  frame
    .records()
    .map((row) => String(row.x))
    .join();

@Handler({ in: Point, out: Point })
@Log('class')
class AddOne implements HandlerOf<Point, Point> {
  handle(points: Frame<Point>) {
    return points.records().map(({ x }) => ({ x: x + 1 }));
  }
}

@Service('chain', { handlers: [AddOne, 'twice', 'last'] })
@Log('a', 'b')
class ChainService {
  @Handler({ in: Point, out: Point, batch: true })
  @Log('c')
  twice(points: Frame<Point>) {
    return points.records().map(({ x }) => {
      if (x > 99) throw new Error('too much');
      return { x: x * 2 };
    });
  }
  @Handler({ in: Point, out: Point })
  last(points: Frame<Point>) {
    return points;
  }
}

@Service('early')
@Log('all')
class EarlyService {
  @Handler({ in: Point, out: Point })
  run(_points: Frame<Point>) {
    return new Answer({ status: 202, body: 'later' });
  }
}

@Service('stream', { handlers: ['count', 'last'] })
@Log('all')
class StreamService {
  static ended = 0;

  @Handler({ in: Point, out: Point })
  @Log('each')
  async *count(points: Frame<Point>) {
    try {
      for (let x = 1; x <= points.records()[0]!.x; x++) yield Frame.fromRecords<Point>([{ x }]);
      if (points.records()[0]!.x > 2) throw new Error('counted too far');
    } finally {
      StreamService.ended++;
    }
  }
  @Handler({ in: Point, out: Point })
  last(points: Frame<Point>) {
    return points.records().map(({ x }) => ({ x: -x }));
  }
}

@Injectable()
class Nobody implements CanActivate {
  canActivate() {
    return false;
  }
}

@Service('guarded')
@Log('all')
class GuardedService {
  @UseGuards(Nobody)
  @Handler({ in: Point, out: Point })
  run(points: Frame<Point>) {
    return points;
  }
}

let app: TestingApplication;
let keeper: Keeper;
beforeEach(async () => {
  keeper = new Keeper();
  app = await createTestingApplication({
    providers: [
      AddOne,
      ChainService,
      EarlyService,
      StreamService,
      GuardedService,
      Nobody,
      { provide: RECORD_KEEPER, useFactory: () => keeper },
    ],
  });
});
afterEach(() => app.close());

const post = (path: string, x: number) =>
  app.inject({
    method: 'POST',
    url: `/${path}`,
    headers: { 'content-type': 'application/json', 'x-request-id': `r${x}` },
    payload: JSON.stringify([{ x }]),
  });
const full = () => new WitanError('SOME_ERR_FULL', { category: 'UNAVAILABLE', summary: '' }, 'the disk is full');

describe('calls that are kept', () => {
  it('are those of the marked handlers and services, in and out, on both protocols', async () => {
    await post('chain', 1);
    const wanted = ['handler AddOne: 1 -> 2', 'handler ChainService.twice: 2 -> 4', 'service ChainService: 1 -> 4'];
    expect(keeper.seen).toEqual(wanted);
    expect(keeper.points).toContainEqual({
      kind: 'service',
      name: 'ChainService',
      requests: ['a', 'b'],
      columns: { input: ['x'], output: ['x'] },
    });
    expect(keeper.calls.map(({ context }) => context.requestId)).toEqual(['r1', 'r1', 'r1']);
    expect(keeper.calls.every(({ durationMs, epochMs }) => durationMs >= 0 && epochMs > 0)).toBe(true);

    keeper.calls.length = 0;
    expect((await app.grpc.predict(ChainService, { rows: [{ x: 1 }] })).code).toBe(0);
    expect(keeper.seen).toEqual(wanted);
  });

  it('are kept too where they fail, with the error', async () => {
    expect((await post('chain', 100)).statusCode).toBe(500);
    expect(keeper.seen).toEqual([
      'handler AddOne: 100 -> 101',
      'handler ChainService.twice: 101 -> too much',
      'service ChainService: 100 -> too much',
    ]);
  });

  it('are one for each Frame of a streamed answer, and one for its failure; the handler is let go', async () => {
    await post('stream', 2);
    expect(keeper.seen).toEqual([
      'handler StreamService.count: 2 -> 1',
      'service StreamService: 2 -> -1',
      'handler StreamService.count: 2 -> 2',
      'service StreamService: 2 -> -2',
    ]);
    keeper.calls.length = 0;
    await post('stream', 3);
    expect(keeper.seen.slice(-2)).toEqual([
      'handler StreamService.count: 3 -> counted too far',
      'service StreamService: 3 -> counted too far',
    ]);
    keeper.keep = () => Promise.reject(full());
    await post('stream', 2);
    expect(StreamService.ended).toBe(3);
  });

  it('have no output where the handler answered early, and are none where nothing was read', async () => {
    expect((await post('early', 1)).statusCode).toBe(202);
    expect((await post('guarded', 1)).statusCode).toBe(403);
    expect((await post('chain', NaN)).statusCode).toBe(422);
    expect(keeper.seen).toEqual(['service EarlyService: 1 -> nothing']);
  });
});

describe('whoever keeps calls', () => {
  it('holds the answer until its promise is fulfilled', async () => {
    let kept = (): void => {};
    keeper.keep = () => (keeper.calls.length < 3 ? undefined : new Promise((resolve) => (kept = resolve)));
    let answered = false;
    const answer = post('chain', 1).then((given) => {
      answered = true;
      return given;
    });
    while (keeper.calls.length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    kept();
    expect((await answer).statusCode).toBe(200);
  });

  it('fails the request by rejecting or throwing: with its own error, or with one that gives nothing away', async () => {
    keeper.keep = () => Promise.reject(full());
    expect(await post('chain', 1)).toMatchObject({ statusCode: 503, body: expect.stringContaining('SOME_ERR_FULL') });
    expect((await app.grpc.predict(ChainService, { rows: [{ x: 1 }] })).code).toBe(14);
    keeper.keep = () => {
      throw new Error('secret path');
    };
    const answer = await post('chain', 1);
    expect(answer).toMatchObject({ statusCode: 503, body: expect.stringContaining('CORE_ERR_RECORD_KEEP') });
    expect(answer.body).not.toContain('secret');
  });

  it('may refuse before any work', async () => {
    keeper.admit = () => {
      throw full();
    };
    expect((await post('chain', 1)).statusCode).toBe(503);
    expect((await app.grpc.predict(ChainService, { rows: [{ x: 1 }] })).code).toBe(14);
    expect(keeper.calls).toEqual([]);
  });

  it('has to be there when something is to be kept', async () => {
    const boot = createTestingApplication({ providers: [AddOne, ChainService] }).then((lonely) => lonely.inject('/'));
    await expect(boot).rejects.toMatchObject({ code: 'CORE_ERR_RECORD_KEEPER' });
  });
});
