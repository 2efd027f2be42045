import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { Column, Frame, Handler, Schema, Service, type WitanApplication, WitanFactory } from '@witan/core';
import { FileSink, Log, readRecords, replay, type ReplayReport, SinksModule } from '@witan/sinks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { witan } from '../harness/witan-command.js';

@Schema()
class Order {
  @Column('i64') id!: bigint;
  @Column('f32', { shape: [2] }) sizes!: Float32Array;
  @Column('utf8', { nullable: true }) note!: string | null;
}

@Schema()
class Price {
  @Column('i64') id!: bigint;
  @Column('f32') price!: number;
}

const folder = mkdtempSync(join(tmpdir(), 'witan-replay-'));
let factor = 2;

@Service('prices')
@Log('one')
@Log('two')
class PriceService {
  @Handler({ in: Order, out: Price })
  price(orders: Frame<Order>): Price[] {
    return orders.records().map(({ id, sizes, note }) => {
      if (note === 'refused') throw new Error('no price');
      return { id, price: sizes[0]! * factor + sizes[1]! };
    });
  }
}

const sinksIn = (place: string) => ({
  one: { to: new FileSink({ folder: join(place, 'one'), format: 'ndjson' }) },
  two: { to: new FileSink({ folder: join(place, 'two'), format: 'parquet' }) },
});

@Module({ imports: [SinksModule.forRoot({ sinks: sinksIn(folder) })], providers: [PriceService] })
class Logging {}

@Module({ imports: [SinksModule.forRoot({ sinks: sinksIn(join(folder, 'again')) })], providers: [PriceService] })
class Answering {}

async function listening(module: typeof Logging): Promise<{ app: WitanApplication; url: string }> {
  const app = await WitanFactory.create(module, { logger: false });
  const { http } = await app.listen({ http: 0, grpc: false, host: '127.0.0.1' });
  return { app, url: `${http}/prices` };
}

const rows = (i: number): string =>
  `[{"id":${2n ** 62n + BigInt(i)},"sizes":[${i},0.1],"note":${i === 3 ? '"refused"' : null}},{"id":${i},"sizes":[${i},1],"note":"b"}]`;
const REQUESTS = 12;

let answering: WitanApplication;
let url: string;
beforeAll(async () => {
  const logging = await listening(Logging);
  for (let i = 0; i < REQUESTS; i++) {
    const headers = { 'content-type': 'application/json', 'x-request-id': `order-${i}` };
    const answer = await fetch(logging.url, { method: 'POST', headers, body: rows(i) });
    expect(answer.status).toBe(i === 3 ? 500 : 200);
  }
  await logging.app.close();
  ({ app: answering, url } = await listening(Answering));
}, 60_000);
afterAll(async () => {
  await answering.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['one', 'two'] as const)('what sink %s kept of a service', (name) => {
  const source = join(folder, name);
  const again = (): Promise<ReplayReport> => replay(readRecords(source), { url });

  it('has every request, and is answered the same again', async () => {
    factor = 2;
    const report = await again();
    expect(report.failures).toEqual([]);
    expect(report).toMatchObject({
      records: 12,
      compared: 11,
      skipped: 1,
      failed: 0,
      rows: 22,
      equal: 22,
      different: 0,
    });
  });

  it('is answered otherwise by another version, and the report says how far', async () => {
    factor = 2.5;
    const report = await again();
    // Orders of size 0 cost the same.
    expect(report).toMatchObject({ rows: 22, equal: 2, different: 20, maxAbsDifference: 5.5 });
    expect(Object.keys(report.columns)).toEqual(['price']);
    expect(report.examples[0]).toMatchObject({ column: 'price', requestId: expect.stringMatching(/^order-/) });
  });

  it('is replayed by the command, which fails where something differs', async () => {
    const args = ['replay', source, '--url', new URL(url).origin, '--path', '/prices'];
    factor = 2;
    expect(await witan(args)).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('22 equal, 0 different'),
    });
    factor = 2.5;
    const differs = await witan([...args, '--examples', '1']);
    expect(differs).toMatchObject({ code: 1, err: expect.stringContaining('20 rows differ, 0 records failed') });
    expect(differs.out).toMatch(/price +20 +5\.5/);
    const json = await witan([...args, '--output', 'json', '--absolute', '10', '--limit', '4', '--concurrency', '1']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.out)).toMatchObject({ records: 4, different: 0 });
  });
});

describe('witan replay', () => {
  it.each([
    [['--path', '/nowhere'], 1, '0 rows differ, 11 records failed'],
    [['--url', 'http://127.0.0.1:1', '--path', '/prices'], 1, '11 records failed'],
    [[], 2, 'say who is to answer'],
    [['--path', '/prices', '--model', 'iris'], 2, 'say who is to answer'],
    [['--path', '/prices', '--version', '1'], 2, '--version goes with --model'],
    [['--path', '/prices', '--relative', 'much'], 2, "'much' is no number"],
    [['--path', '/prices', '--limit', '0'], 2, 'no whole number'],
  ])('with %j ends with %i', async (args, code, text) => {
    const ended = await witan(['replay', join(folder, 'one'), '--url', new URL(url).origin, ...args]);
    expect(ended).toMatchObject({ code, err: expect.stringContaining(text) });
  });

  it('says what is not there', async () => {
    const ended = await witan(['replay', join(folder, 'none'), '--path', '/prices']);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('none: ENOENT') });
  });
});
