import { createHmac } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { Column, Frame, Handler, Schema, Service } from '@witan/core';
import { columnOf } from '@witan/core/frame';
import { createTestingApplication, type TestingApplication } from '@witan/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SinksModule } from '../module/sinks.module.js';
import type { SinksModuleOptions } from '../module/sinks-options.js';
import { MemorySink, until } from '../policy/memory-sink.spec.support.js';
import { sinkChannel, type SinkStats } from '../policy/sink-stats.js';
import { Log } from './log.decorator.js';
import { redacted } from './redact.js';
import type { LogOptions } from './log-options.js';

@Schema()
class Claim {
  @Column('utf8') customer!: string;
  @Column('f64') amount!: number;
  @Column('utf8', { nullable: true }) note!: string | null;
}
@Schema()
class Verdict {
  @Column('utf8') customer!: string;
  @Column('bool') isFine!: boolean;
}

let app: TestingApplication;
let sink: MemorySink;
let other: MemorySink;
beforeEach(() => {
  [sink, other] = [new MemorySink(), new MemorySink()];
});
afterEach(() => app?.close());

/** A service that is logged as its handler, its class, or both. */
function serviceOf(onHandler: MethodDecorator[], onClass: ClassDecorator[] = []): Type {
  class ClaimService {
    check(claims: Frame<Claim>): Verdict[] {
      return claims.records().map(({ customer, amount }) => {
        if (amount < 0) throw new Error('nothing to check');
        return { customer, isFine: amount < 1_000 };
      });
    }
  }
  const handler = Object.getOwnPropertyDescriptor(ClaimService.prototype, 'check')!;
  for (const decorate of onHandler) decorate(ClaimService.prototype, 'check', handler);
  Handler({ in: Claim, out: Verdict })(ClaimService.prototype, 'check', handler);
  for (const decorate of onClass) decorate(ClaimService);
  Service('claims')(ClaimService);
  return ClaimService;
}

async function serve(service: Type, options: Partial<SinksModuleOptions> = {}): Promise<void> {
  const sinks = { audit: { to: sink, batchMs: 0 }, second: { to: other, batchMs: 0 } };
  app = await createTestingApplication({
    imports: [SinksModule.forRoot({ sinks, ...options })],
    providers: [service],
  });
}

const post = (id: string, claims: Partial<Claim>[], headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/claims',
    headers: { 'content-type': 'application/json', 'x-request-id': id, ...headers },
    payload: JSON.stringify(claims),
  });
const claim = { customer: 'Ada', amount: 5, note: null };

describe('@Log', () => {
  it('keeps what came in and what went out, when and where, and how it is traced', async () => {
    await serve(serviceOf([Log('audit')]));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post('r1', [claim, { ...claim, amount: 2_000 }], { traceparent });
    await until(() => sink.records.length === 1);
    const [record] = sink.records;
    expect(record).toMatchObject({
      requestId: 'r1',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      kind: 'handler',
      point: 'ClaimService.check',
      service: 'claims',
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    });
    expect(record!.input!.records()).toEqual([claim, { ...claim, amount: 2_000 }]);
    expect(record!.output!.records()).toEqual([
      { customer: 'Ada', isFine: true },
      { customer: 'Ada', isFine: false },
    ]);
    expect(Math.abs(Date.now() - record!.epochMs)).toBeLessThan(60_000);
    expect(record!.raw).toBeUndefined();
  });

  it('keeps failed calls, with the code that the caller saw and what was thrown', async () => {
    await serve(serviceOf([], [Log('audit')]));
    expect((await post('r1', [{ ...claim, amount: -1 }])).statusCode).toBe(500);
    await until(() => sink.records.length === 1);
    expect(sink.records[0]).toMatchObject({
      kind: 'service',
      error: { code: 'CORE_ERR_INTERNAL', message: 'nothing to check' },
    });
    expect(sink.records[0]!.output).toBeUndefined();
  });

  it('shows no message of an error where columns are redacted: it may tell what they hold', async () => {
    await serve(serviceOf([Log('audit', { redact: { note: 'drop' } })]));
    await post('r1', [{ ...claim, amount: -1 }]);
    await until(() => sink.records.length === 1);
    expect(sink.records[0]!.error).toEqual({
      code: 'CORE_ERR_INTERNAL',
      message: 'left out, as columns are redacted',
    });
  });

  it('hashes every time, also one that no date can hold, the same in each time zone', () => {
    const column = columnOf('timestamp(s)', BigInt64Array.of(0n, 2n ** 62n));
    const hashes = redacted(column, 'hash', 'secret')!.strings();
    const expected = createHmac('sha256', 'secret').update('1970-01-01T00:00:00.000Z').digest('hex').slice(0, 16);
    expect([hashes[0], hashes[1] !== expected]).toEqual([expected, true]);
    const days = columnOf('list<timestamp(s)>' as never, [[new Date(0)]]);
    expect(redacted(days, 'hash', 'secret')!.strings()).toEqual([expected]);
  });

  const columnsOf = async (options: LogOptions): Promise<[string[] | undefined, string[] | undefined]> => {
    await serve(serviceOf([Log('audit', options)]));
    await post('r1', [claim]);
    await until(() => sink.records.length === 1);
    const { input, output } = sink.records[0]!;
    return [input?.names, output?.names];
  };

  it.each<[LogOptions, string[] | undefined, string[] | undefined]>([
    [{ input: false }, undefined, ['customer', 'isFine']],
    [{ output: false, input: ['amount', 'note'] }, ['amount', 'note'], undefined],
    [{ columns: ['amount', 'isFine'] }, ['amount'], ['isFine']],
    [{ columns: ['amount', 'isFine'], input: ['customer', 'amount'] }, ['amount'], ['isFine']],
    [{ redact: { customer: 'drop' } }, ['amount', 'note'], ['isFine']],
  ])('%j: only those columns', async (options, input, output) => {
    expect(await columnsOf(options)).toEqual([input, output]);
  });

  it('shows of redacted columns what may be seen, and the same hash for the same value and key', async () => {
    const options = { redact: { customer: 'hash', note: 'mask', amount: 'hash' } } as const;
    await serve(serviceOf([Log('audit', options)]), { hashKey: 'secret' });
    await post('r1', [claim, { ...claim, note: 'private' }, { ...claim, customer: 'Bob' }]);
    await until(() => sink.records.length === 1);
    const { input, output } = sink.records[0]!;
    const customers = input!.column('customer').strings();
    expect(customers[0]).toMatch(/^[0-9a-f]{16}$/);
    expect([customers[1] === customers[0], customers[2] === customers[0]]).toEqual([true, false]);
    expect(output!.column('customer').strings()).toEqual(customers);
    expect(input!.column('note').toArray()).toEqual([null, '***', null]);
    expect(JSON.stringify([input!.records(), output!.records()])).not.toMatch(/Ada|private|"amount":5/);
  });

  it('samples requests, not records: all places agree on each', async () => {
    await serve(serviceOf([Log('audit', { sample: 0.25 })], [Log('audit', { sample: 0.25 }), Log('second')]));
    for (let i = 0; i < 200; i++) await post(`request-${i}`, [claim]);
    await until(() => other.records.length === 200);
    await app.close();
    const requests = new Set(sink.records.map(({ requestId }) => requestId));
    expect(requests.size).toBeGreaterThan(25);
    expect(requests.size).toBeLessThan(80);
    for (const kind of ['handler', 'service']) {
      const own = sink.records.filter((record) => record.kind === kind).map(({ requestId }) => requestId);
      expect(new Set(own)).toEqual(requests);
    }
  });

  it('keeps the bytes and the times of a request where they are asked for', async () => {
    await serve(serviceOf([Log('audit', { raw: true, phases: true })]));
    await post('r1', [claim]);
    await until(() => sink.records.length === 1);
    expect(Buffer.from(sink.records[0]!.raw!.body).toString()).toBe(JSON.stringify([claim]));
    expect(sink.records[0]!.raw!.contentType).toContain('application/json');
    expect(sink.records[0]!.phases).toBeDefined();
  });

  it.each<[LogOptions, string]>([
    [{ columns: ['amonut'] }, "no column 'amonut'"],
    [{ input: ['isFine'] }, "no column 'isFine'"],
    [{ redact: { customers: 'drop' } }, "no column 'customers'"],
    [{ redact: { customer: 'hash' } }, 'hashKey'],
    [{ redact: { customer: 'blur' as never } }, 'drop, hash or mask'],
    [{ sample: 25 }, 'from 0 to 1'],
    [{ raw: true, redact: { customer: 'drop' } }, 'raw bytes'],
  ])('%j ends the boot', async (options, why) => {
    await expect(serve(serviceOf([Log('audit', options)]))).rejects.toThrow(why);
  });

  it('ends the boot where the sink does not exist', async () => {
    await expect(serve(serviceOf([Log('elsewhere')]))).rejects.toThrow("'elsewhere', and the sinks are: audit, second");
  });
});

describe('a lossless sink of an application', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'witan-app-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('answers when the record is on file, on both protocols, and refuses with 503 and UNAVAILABLE when it cannot be', async () => {
    sink.behave = () => Promise.reject(new Error('down'));
    const audit = { to: sink, policy: 'lossless', folder, maxSpillBytes: 1_000 } as const;
    const service = serviceOf([Log('audit')]);
    await serve(service, { sinks: { audit }, shutdownMs: 1 });
    expect((await post('r1', [claim])).statusCode).toBe(200);
    expect((await readdir(folder)).filter((name) => name.endsWith('.wlr'))).toHaveLength(1);
    expect((await app.grpc.predict(service, { rows: [{ customer: 'Ada', amount: 1 }] })).code).toBe(0);
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) statuses.push((await post(`r${i}`, [claim])).statusCode);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect((await app.grpc.predict(service, { rows: [{ customer: 'Ada', amount: 1 }] })).code).toBe(14);
    expect((await post('r', [claim])).body).toContain('SINK_ERR_SPILL');
  });

  it('ends, and closes the other sinks, though one of them cannot', async () => {
    const audit = { to: sink, policy: 'lossless', folder, batchMs: 0 } as const;
    await serve(serviceOf([Log('audit')]), { sinks: { audit, second: { to: other } } });
    await rm(folder, { recursive: true });
    await app.close();
    expect([sink.closed, other.closed]).toEqual([1, 1]);
  });

  it('lets go of the folders of an application that did not begin', async () => {
    const audit = { to: sink, policy: 'lossless', folder } as const;
    const service = serviceOf([Log('audit')]);
    const bad = { ...audit, folder: '/dev/null/spill' };
    await expect(serve(service, { sinks: { audit, bad } })).rejects.toMatchObject({ code: 'SINK_ERR_SPILL' });
    await serve(service, { sinks: { audit } });
    expect((await post('r1', [claim])).statusCode).toBe(200);
  });

  it('tells what it does: by stats() and on the channel', async () => {
    const seen: SinkStats[] = [];
    const see = (stats: unknown): void => void seen.push(stats as SinkStats);
    subscribe(sinkChannel.name, see);
    const service = serviceOf([Log('audit')]);
    await serve(service, { sinks: { audit: { to: sink, policy: 'lossless', folder, batchMs: 0 } } });
    await post('r1', [claim]);
    await until(() => seen.length > 0);
    unsubscribe(sinkChannel.name, see);
    expect(seen[0]).toMatchObject({ sink: 'audit', policy: 'lossless', delivered: 1, dropped: 0 });
    expect(seen[0]!.lagMs).toBeGreaterThanOrEqual(0);
  });
});
