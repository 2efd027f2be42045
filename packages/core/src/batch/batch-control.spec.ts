import { Inject, Injectable } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../frame/frame.js';
import type { HandlerOf } from '../handler/handler-types.js';
import { Handler } from '../handler/handler.decorator.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { Service } from '../service/service.decorator.js';
import { createTestingApplication, type TestingApplication } from '../testing/index.js';
import { BatchControl } from './batch-control.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

const sizes: number[] = [];

@Service('direct')
class DirectService {
  @Handler({ in: Point, out: Point, batch: { maxRows: 4, coalesce: 'off' } })
  predict(points: Frame<Point>): Frame<Point> {
    sizes.push(points.rows);
    return points;
  }
}

@Handler({ in: Point, out: Point, batch: true })
class Shared implements HandlerOf<Point, Point> {
  handle(points: Frame<Point>): Frame<Point> {
    return points;
  }
}

@Service('first', { handlers: [Shared] })
class FirstService {}
@Service('second', { handlers: [Shared, Shared] })
class SecondService {}

@Injectable()
class Tuner {
  constructor(@Inject(BatchControl) readonly control: BatchControl) {}
}

let app: TestingApplication;
afterEach(() => app.close());

async function serve(): Promise<BatchControl> {
  app = await createTestingApplication({ providers: [DirectService, Shared, FirstService, SecondService, Tuner] });
  return app.nest.get(Tuner).control;
}

async function send(rows: number): Promise<void> {
  sizes.length = 0;
  const payload = Array.from({ length: rows }, (_, x) => ({ x }));
  const answer = await app.inject({ method: 'POST', url: '/direct', payload });
  expect(answer.json()).toMatchObject({ records: payload });
}

describe('BatchControl', () => {
  it('knows the gate of every batched handler, each by a name of its own', async () => {
    const control = await serve();
    expect(control.names).toEqual([
      'DirectService.predict',
      'FirstService.Shared',
      'SecondService.Shared',
      'SecondService.Shared #2',
    ]);
  });

  it('changes the limits of a running gate, and says what it does', async () => {
    const control = await serve();
    await send(8);
    expect(sizes).toEqual([4, 4]);
    control.configure('DirectService.predict', { maxRows: 8 });
    expect(control.options('DirectService.predict')).toMatchObject({ maxRows: 8, coalesce: 'off' });
    await send(8);
    expect(sizes).toEqual([8]);
    expect(control.stats('DirectService.predict')).toMatchObject({ batches: 3, rows: 16, queuedRows: 0 });
  });

  it('refuses what makes no sense, and a name that it does not know', async () => {
    const control = await serve();
    expect(() => control.configure('DirectService.predict', { maxRows: 0 })).toThrow(/batch.maxRows is 0/);
    expect(control.options('DirectService.predict').maxRows).toBe(4);
    expect(() => control.stats('Direct')).toThrow(/no batch gate 'Direct': there are DirectService.predict, /);
  });
});
