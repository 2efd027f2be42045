import { Min } from 'class-validator';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeArrowStream, Frame } from '../frame/index.js';
import { Column } from '../schema/column.decorator.js';
import { Schema } from '../schema/schema.decorator.js';
import { RawClient, type TestApp, testApp, testService } from './harness.spec.support.js';

@Schema({ name: 'Row' })
class Row {
  @Column('f32') @Min(0) width!: number;
  @Column('i8') count!: number;
  @Column('utf8', { nullable: true }) label!: string | null;
}

@Schema({ unknown: 'refuse' })
class Strict {
  @Column('f32') width!: number;
}

const ARROW = 'application/vnd.apache.arrow.stream';
const good = { width: 1.5, count: 3, label: 'a' };

/** docs/guide/bad-input.md, its HTTP column: what every kind of bad body gets, and that the service is unharmed. */
describe('bad input over HTTP', () => {
  let app: TestApp;
  let runs: number;

  beforeEach(() => {
    runs = 0;
    const echo = (_context: unknown, read: () => Frame): Frame => {
      const frame = read();
      runs++;
      return frame;
    };
    app = testApp(
      [
        testService('rows', echo, { input: Schema.of(Row) }),
        testService('strict', echo, { input: Schema.of(Strict) }),
        testService('any', echo),
      ],
      { maxRows: 1000, bodyLimitBytes: 100_000 },
    );
  });

  async function post(url: string, payload: string | Uint8Array, type = 'application/json') {
    const answer = await app.fastify.inject({
      method: 'POST',
      url,
      headers: { 'content-type': type },
      payload: typeof payload === 'string' ? payload : Buffer.from(payload),
    });
    return { status: answer.statusCode, body: answer.json() };
  }

  async function refused(url: string, payload: string | Uint8Array, status: number, code: string, type?: string) {
    const answer = await post(url, payload, type);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(runs).toBe(0);
    // The next request is none the worse.
    expect((await post('/rows', JSON.stringify([good]))).body.records).toEqual([good]);
    runs = 0;
    return answer.body.error;
  }

  it.each([
    ['empty', '', 'CORE_ERR_JSON_MALFORMED'],
    ['malformed', '[{"width":1,]', 'CORE_ERR_JSON_MALFORMED'],
    ['cut short', '[{"width":1.5,"count":3,"lab', 'CORE_ERR_JSON_MALFORMED'],
    ['NaN as a bare word', '[{"width":NaN,"count":3}]', 'CORE_ERR_JSON_MALFORMED'],
    ['not UTF-8', new Uint8Array([0x5b, 0x22, 0xff, 0x22, 0x5d]), 'CORE_ERR_JSON_MALFORMED'],
    ['a single record', JSON.stringify(good), 'CORE_ERR_JSON_FORM'],
    ['a number', '7', 'CORE_ERR_JSON_FORM'],
    ['null', 'null', 'CORE_ERR_JSON_FORM'],
    ['nested 100 deep', `[{"width":1,"count":3,"x":${'['.repeat(100)}${']'.repeat(100)}}]`, 'CORE_ERR_JSON_DEPTH'],
  ])('refuses a body that is %s with 400', async (_, body, code) => {
    await refused('/rows', body, 400, code);
  });

  it.each([
    ['a wrong dtype', { ...good, width: 'wide' }, 'width', 'dtype'],
    ['a missing column', { width: 1.5, label: 'a' }, 'count', 'required'],
    ['a null where none may be', { ...good, count: null }, 'count', 'null'],
    ['an overflow', { ...good, count: 128 }, 'count', 'range'],
    ['a fraction for an integer', { ...good, count: 1.5 }, 'count', 'dtype'],
    ['a broken rule', { ...good, width: -1 }, 'width', 'min'],
  ])('refuses %s with 422 that names row, column and rule', async (_, record, column, rule) => {
    const { details } = await refused('/rows', JSON.stringify([good, record]), 422, 'CORE_ERR_VALIDATION');
    expect(details.violations).toEqual([expect.objectContaining({ row: 1, column, rule })]);
  });

  it('ignores unknown columns, or refuses them if the schema says so', async () => {
    expect((await post('/rows', JSON.stringify([{ ...good, extra: 1 }]))).body.records).toEqual([good]);
    runs = 0;
    const { details } = await refused('/strict', '[{"width":1,"extra":1}]', 422, 'CORE_ERR_VALIDATION');
    expect(details.violations).toEqual([expect.objectContaining({ row: 0, column: 'extra', rule: 'unknown' })]);
  });

  it('lets the last of duplicate keys win, and knows __proto__ as a mere name', async () => {
    const body = '[{"width":1,"width":2,"count":3,"label":null,"__proto__":{"polluted":1},"constructor":{}}]';
    expect((await post('/rows', body)).body.records).toEqual([{ width: 2, count: 3, label: null }]);
    const open = await post('/any', '[{"__proto__":1,"a":2}]');
    expect(open.status).toBe(200);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('answers zero rows with zero rows', async () => {
    expect((await post('/rows', '[]')).body.records).toEqual([]);
    expect((await post('/rows', '{"columns":{"width":[],"count":[],"label":[]}}')).body.columns).toEqual({
      width: [],
      count: [],
      label: [],
    });
  });

  it('refuses too many rows and too many bytes with 413 that names the limit', async () => {
    const rows = await refused(
      '/rows',
      JSON.stringify(Array.from({ length: 1001 }, () => good)),
      413,
      'CORE_ERR_ROWS_LIMIT',
    );
    expect(rows.message).toContain('1000');
    const bytes = await refused('/rows', `[${' '.repeat(100_000)}]`, 413, 'CORE_ERR_HTTP_BODY_TOO_LARGE');
    expect(bytes.message).toContain('100000');
  });

  it('refuses a few bytes that stand for much memory with 413', async () => {
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 1]));
    app = testApp([testService('any', (_context, read) => read())]);
    const rows = `[${JSON.stringify(wide)}${',{}'.repeat(40_000)}]`;
    const { status, body } = await post('/any', rows);
    expect([status, body.error.code]).toEqual([413, 'CORE_ERR_FRAME_LIMIT']);
  });

  it('refuses columns of different lengths', async () => {
    await refused('/rows', '{"columns":{"width":[1,2],"count":[1],"label":["a","b"]}}', 422, 'CORE_ERR_VALIDATION');
  });

  it.each([
    ['malformed', Buffer.from('ARROW1 not a stream'), 400, /^CORE_ERR_ARROW_(FORMAT|MALFORMED)$/],
    ['cut short', encodeArrowStream(Frame.fromRecords([good])).slice(0, 300), 400, /^CORE_ERR_ARROW_MALFORMED$/],
    ['of other columns', encodeArrowStream(Frame.fromRecords([{ width: 'wide' }])), 422, /^CORE_ERR_VALIDATION$/],
  ])('refuses Arrow that is %s', async (_, bytes, status, code) => {
    const answer = await post('/rows', bytes, ARROW);
    expect([answer.status, answer.body.error.code]).toEqual([status, expect.stringMatching(code)]);
    expect(runs).toBe(0);
  });

  it('refuses what has no one type where nothing is declared', async () => {
    await refused('/any', '[{"a":1},{"a":"x"}]', 400, 'CORE_ERR_FRAME_INFER');
    await refused('/any', `[{"a":${'['.repeat(5000)}${']'.repeat(5000)}}]`, 400, 'CORE_ERR_FRAME_INFER');
  });

  it('keeps a connection whose request was refused', async () => {
    const client = new RawClient(await app.listen());
    client.post('/rows', 'nonsense');
    await client.until((text) => text.includes('CORE_ERR_JSON_MALFORMED'));
    client.post('/rows', JSON.stringify([good]));
    await client.until((text) => text.includes('"records":[{"width":1.5'));
    client.socket.destroy();
    await app.fastify.close();
  });
});
