import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { answerChannel, Column, type Context, type Frame, Handler, Schema, Service } from '@witan/core';
import { createTestingApplication, ManualClock, type TestingApplication } from '@witan/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Watch } from '../events/watch.js';
import { TelemetryModule } from '../module/telemetry.module.js';
import { JsonLogger } from './json-logger.js';
import type { LogOptions } from './log-options.js';
import { RequestLog } from './request-log.js';

@Schema()
class Point {
  @Column('f64') x!: number;
}

@Service('points')
class PointService {
  private readonly logger = new Logger('Points');

  @Handler({ in: Point, out: Point })
  async same(points: Frame<Point>, context: Context): Promise<Frame<Point>> {
    context.noteModel({ model: 'iris', version: '3', alias: 'champion', experiment: 'e', variant: 'control' });
    context.principal = 'alice';
    await Promise.resolve();
    this.logger.log('in the handler');
    if (points.records()[0]!.x < 0) throw new RangeError('negative');
    return points;
  }
}

type Line = Record<string, unknown>;

let folder: string;
let app: TestingApplication | undefined;
const file = (name = 'log'): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-logs-'));
});
afterEach(async () => {
  Logger.overrideLogger(false);
  await app?.close();
  app = undefined;
  rmSync(folder, { recursive: true });
});

async function start(logs: LogOptions = {}, clock?: ManualClock): Promise<TestingApplication> {
  const imports = [TelemetryModule.forRoot({ logs: { destination: { file: file() }, ...logs } })];
  return (app = await createTestingApplication({ imports, providers: [PointService] }, { clock }));
}

const post = (x = 1, headers: Record<string, string> = {}) =>
  app!.inject({ method: 'POST', url: '/points', headers, payload: [{ x }] });

/** Ends the application, and gives what it has written. */
async function lines(): Promise<Line[]> {
  await new Promise((resolve) => setImmediate(resolve));
  await app!.close();
  app = undefined;
  return linesOf(file());
}

const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

describe("a request's line", () => {
  it('says who, what, how long and with which model', async () => {
    await start();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { http } = await app!.listen({ http: 0, grpc: false, host: '127.0.0.1', banner: false });
    const headers = { 'content-type': 'application/json', 'x-request-id': 'r-1', traceparent, connection: 'close' };
    await (await fetch(`${http}/points`, { method: 'POST', headers, body: '[{"x":1}]' })).text();
    expect(await lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        msg: 'request',
        trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
        requestId: 'r-1',
        service: 'PointService',
        rows: 1,
        route: '/points',
        method: 'POST',
        transport: 'http',
        status: 200,
        durationMs: expect.any(Number),
        model: 'iris',
        version: '3',
        alias: 'champion',
        experiment: 'e',
        variant: 'control',
        principal: 'alice',
        requestBytes: expect.any(Number),
        answerBytes: expect.any(Number),
      },
    ]);
  });

  it('has the level and code of what went wrong, over both protocols', async () => {
    await start();
    await post(-1);
    await app!.inject({ method: 'POST', url: '/points', payload: [{ x: 'text' }] });
    await app!.inject({ method: 'GET', url: '/nothing' });
    await app!.grpc.predict(PointService, { rows: [{ x: -1 }] }).catch(() => undefined);
    const seen = (await lines()).map(({ level, status, code, transport }) => [level, status, code, transport]);
    expect(seen).toEqual([
      ['error', 500, 'CORE_ERR_INTERNAL', 'http'],
      ['warn', 422, 'CORE_ERR_VALIDATION', 'http'],
      ['warn', 404, expect.any(String), 'http'],
      ['error', 13, 'CORE_ERR_INTERNAL', 'grpc'],
    ]);
  });

  it('is left out below the level, and by sampling; failures never are', async () => {
    await start({ sample: 0 });
    await post();
    await post(-1);
    expect(app!.nest.get(RequestLog).counts.unsampled).toBe(1);
    expect((await lines()).map(({ level }) => level)).toEqual(['error']);
  });

  it('hides what is to be hidden, and logs the headers that are asked for, cut short', async () => {
    await start({ redact: ['principal', 'headers.authorization'], headers: ['authorization', 'x-tenant', 'x-absent'] });
    await post(1, { authorization: 'Bearer secret', 'x-tenant': 'y'.repeat(5000) });
    const [line] = await lines();
    expect(line).toMatchObject({
      principal: '[Redacted]',
      headers: { authorization: '[Redacted]', 'x-tenant': `${'y'.repeat(256)}…` },
    });
    expect(JSON.stringify(line)).not.toMatch(/secret|alice/);
  });

  it('is not there for each of a flood, and says how many are not', async () => {
    const clock = new ManualClock({ turns: 'event-loop' });
    await start({ rateLimit: { perSecond: 1, burst: 2 } }, clock);
    for (let i = 0; i < 6; i++) await post();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1000);
    await post();
    await post();
    await new Promise((resolve) => setImmediate(resolve));
    expect(app!.nest.get(RequestLog).counts.suppressed).toBe(5);
    const all = await lines();
    expect(all.map(({ suppressed }) => suppressed)).toEqual([undefined, undefined, 4, 1]);
    expect(all.at(-1)).toMatchObject({ level: 'warn', msg: 'lines that were too many' });
  });
});

describe('a disk that is full', () => {
  it('costs lines, which are counted, and no request', async () => {
    await start({ destination: { file: '/dev/full' } });
    const log = app!.nest.get(RequestLog);
    expect((await post()).statusCode).toBe(200);
    await new Promise((resolve) => setImmediate(resolve));
    await app!.close();
    app = undefined;
    expect(log.counts.dropped).toBeGreaterThan(0);
  });
});

describe('hostile requests', () => {
  it('are logged as JSON, one line each', async () => {
    await start({ headers: ['x-tenant'] });
    await post(1, { traceparent: `00-${'z'.repeat(100_0)}`, 'x-tenant': 'a"b\\c', 'x-request-id': 'a\u00ffb' });
    await app!.inject({ method: 'POST', url: '/points', payload: 'no json\n{"a":1}' });
    const all = await lines();
    expect(all).toHaveLength(2);
    expect(all[0]!['trace_id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('and events that are none are counted, and disturb nobody', async () => {
    await start();
    answerChannel.publish(null);
    answerChannel.publish({
      transport: 'http',
      get status(): number {
        throw new Error('no');
      },
    });
    await post();
    expect(app!.nest.get(Watch).errors.get('logs')).toBe(2);
    expect(await lines()).toHaveLength(1);
  });
});

describe('options that cannot be', () => {
  it.each<[LogOptions, RegExp]>([
    [{ level: 'loud' as never }, /logs.level is 'loud': there are debug, info, warn, error/],
    [{ sample: 2 }, /logs.sample is 2/],
    [{ rateLimit: { perSecond: 0 } }, /logs.rateLimit is 0 a second/],
    [{ redact: ['a[['] }, /logs.redact is \["a\[\["\]/],
    [{ destination: { file: '/nowhere/at/all' } }, /'\/nowhere\/at\/all' cannot be opened/],
  ])('%j is refused at boot', async (options, message) => {
    await expect(start(options)).rejects.toMatchObject({
      code: 'TEL_ERR_LOG_OPTION',
      message: expect.stringMatching(message),
    });
  });
});

describe("Nest's logger in JSON", () => {
  it('has the ids of the request, and errors with their stacks', async () => {
    const logger = await JsonLogger.open({ destination: { file: file('app') }, level: 'debug' });
    await start();
    Logger.overrideLogger(logger);
    await post(1, { 'x-request-id': 'r-7' });
    logger.error(new Error('broken'), 'Somewhere');
    logger.error('text', 'Error: x\n    at y', 'Elsewhere');
    logger.debug({ some: 'thing' });
    logger.warn(Object.create(null));
    logger.log(Symbol('s'));
    const [line] = await lines();
    await logger.close();
    logger.log('too late');
    const written = linesOf(file('app'));
    const inHandler = written.find(({ msg }) => msg === 'in the handler')!;
    expect(inHandler).toMatchObject({
      level: 'info',
      context: 'Points',
      requestId: 'r-7',
      trace_id: line!['trace_id'],
    });
    expect(written.find(({ msg }) => msg === 'broken')).toMatchObject({
      level: 'error',
      context: 'Somewhere',
      stack: expect.stringContaining('broken'),
    });
    expect(written.find(({ msg }) => msg === 'text')).toMatchObject({
      context: 'Elsewhere',
      stack: 'Error: x\n    at y',
    });
    expect(written.find(({ fields }) => fields !== undefined)).toMatchObject({
      level: 'debug',
      fields: { some: 'thing' },
    });
    expect(written.at(-1)).toMatchObject({ msg: 'Symbol(s)' });
    expect(written.at(-1)).not.toHaveProperty('trace_id');
  });
});
