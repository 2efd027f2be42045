import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '@witan-libs/testing';
import { decodeArrowStream, encodeArrowStream, Frame } from '@witan/core/frame';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogRecord } from '../sink/log-record.js';
import { replay } from './replay.js';
import type { ServerTargetOptions } from './server-target.js';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly cut?: boolean;
}

let server: Server;
let url: string;
let answers: Answer[];
let asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push({ path: request.url!, headers: request.headers });
    const { status = 200, headers = {}, body, cut } = answers.shift() ?? {};
    if (cut) return void request.socket.destroy();
    response.writeHead(status, headers);
    if (body !== undefined) return void response.end(body);
    const input = decodeArrowStream(Buffer.concat(chunks));
    response.end(encodeArrowStream(Frame.fromColumns({ y: input.column('x').numbers() })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/predictions/iris?version=4`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const record = (requestId = 'r-1'): LogRecord => ({
  ...{ id: 'a', requestId, epochMs: 1, kind: 'model', point: 'm', service: 's', durationMs: 1 },
  input: Frame.fromColumns({ x: Float32Array.of(1, 2) }),
  output: Frame.fromColumns({ y: Float32Array.of(1, 2) }),
});
/** A clock whose timers are due at once. */
class Hurry extends ManualClock {
  readonly waits: number[] = [];
  override setTimer(fn: () => void, ms: number) {
    this.waits.push(ms);
    queueMicrotask(fn);
    return { cancel: () => undefined };
  }
}
const replayed = (options: Partial<ServerTargetOptions> = {}, of = [record()]) =>
  replay(of, { url, clock: new Hurry(), ...options });

describe('a server that is asked again', () => {
  it('is sent the Frame, the id of the request and the headers', async () => {
    expect(await replayed({ headers: { authorization: 'Bearer x' } })).toMatchObject({ equal: 2, failed: 0 });
    expect(asked).toMatchObject([
      { path: '/predictions/iris?version=4', headers: { 'x-request-id': 'r-1', authorization: 'Bearer x' } },
    ]);
  });

  it('may be another for each record', async () => {
    await replayed({ url: ({ requestId }) => url.replace('iris', requestId) }, [record('a'), record('b')]);
    expect(asked.map(({ path }) => path).sort()).toEqual(['/predictions/a?version=4', '/predictions/b?version=4']);
  });

  it('is not sent an id that no header can hold', async () => {
    expect(await replayed({}, [record('a\nb'), record('é'.repeat(200))])).toMatchObject({ failed: 0, equal: 4 });
    expect(asked.every(({ headers }) => headers['x-request-id'] === undefined)).toBe(true);
  });

  it('and is busy or away is asked again, later each time and as it says', async () => {
    answers = [{ status: 429, headers: { 'retry-after': '3' } }, { status: 503 }, { cut: true }];
    const clock = new Hurry();
    expect(await replayed({ clock })).toMatchObject({ failed: 0, equal: 2 });
    expect(clock.waits).toEqual([3000, 400, 800]);
    answers = Array.from({ length: 9 }, () => ({ status: 503, body: '' }));
    expect(await replayed({ attempts: 3 })).toMatchObject({ failed: 1, failures: [{ code: 'HTTP_503' }] });
  });

  it('and refuses is asked once, and its reason kept', async () => {
    answers = [{ status: 422, body: '{"error":{"code":"CORE_ERR_VALIDATION","message":"no such column"}}' }];
    expect((await replayed()).failures).toMatchObject([{ code: 'CORE_ERR_VALIDATION', message: 'no such column' }]);
    answers = [{ status: 500, body: 'oops' }];
    expect((await replayed()).failures).toMatchObject([{ code: 'HTTP_500', message: 'HTTP 500 oops' }]);
    answers = [{ body: 'no Arrow' }];
    expect((await replayed()).failures).toMatchObject([{ code: 'CORE_ERR_ARROW_FORMAT' }]);
    expect(asked).toHaveLength(3);
  });

  it('must have an address', async () => {
    await expect(replay([record()], { url: 'iris' })).rejects.toMatchObject({ code: 'SINK_ERR_REPLAY' });
    expect(await replayed({ url: () => 'iris' })).toMatchObject({ failed: 1, failures: [{ code: 'SINK_ERR_REPLAY' }] });
  });
});
