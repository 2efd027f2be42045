import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WitanApplication } from '@witan/core';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { curl, type Tool } from '../harness/foreign-tools.js';
import { servedFixtures } from './served-fixtures.js';

const run = promisify(execFile);
const BODY = '{"id":"c","inputs":[{"name":"X","shape":[1,3],"datatype":"FP32","data":[3.5,1.4,0.2]}]}';

describe('curl', () => {
  let application: WitanApplication;
  let base: string;
  let tool: Tool;
  let folder: string;

  beforeAll(async () => {
    tool = await curl();
    folder = await mkdtemp(join(tmpdir(), 'witan-curl-'));
    const served = await servedFixtures();
    application = served.application;
    base = `http://${served.http}`;
  });
  afterAll(async () => {
    await application?.close();
    await rm(folder, { recursive: true });
  });

  /** The body, and the status behind it. */
  const call = async (context: TestContext, path: string, ...args: string[]): Promise<[number, Buffer]> => {
    if ('missing' in tool) context.skip(tool.missing);
    const { path: program } = tool as { path: string };
    const options = { encoding: 'buffer' as const, maxBuffer: 1 << 26 };
    const { stdout } = await run(program, ['-s', '-w', '%{http_code}', base + path, ...args], options);
    return [Number(stdout.subarray(-3).toString()), stdout.subarray(0, -3)];
  };

  it('asks with a line of JSON, whatever content type it makes up', async (context) => {
    const [status, body] = await call(context, '/v2/models/iris/infer', '-d', BODY);
    expect(status).toBe(200);
    expect(JSON.parse(body.toString())).toMatchObject({ id: 'c', outputs: [{ name: 'sepal_length', shape: [1, 1] }] });
  });

  it('sends a tensor from a file and gets bytes', async (context) => {
    const row = join(folder, 'row.bin');
    await writeFile(row, new Uint8Array(Float32Array.of(3.5, 1.4, 0.2).buffer));
    const raw = ['-H', 'Inference-Header-Content-Length: 0', '--data-binary', `@${row}`];
    const [status, body] = await call(context, '/v2/models/iris/infer', ...raw);
    expect(status).toBe(200);
    expect(body.readFloatLE(body.length - 4)).toBeCloseTo(5.03, 1);
  });

  it('sends what it has compressed, in chunks, and unpacks the answer', async (context) => {
    const plain = join(folder, 'wide.json');
    const data = Array.from({ length: 4000 }, (_, i) => i);
    await writeFile(plain, JSON.stringify({ inputs: [{ name: 'x', shape: [1, 4000], datatype: 'FP32', data }] }));
    await run('gzip', ['-k', plain]);
    const zipped = ['-H', 'Content-Encoding: gzip', '-H', 'Transfer-Encoding: chunked', '--compressed'];
    const [status, body] = await call(
      context,
      '/v2/models/variable-width/infer',
      ...zipped,
      '--data-binary',
      `@${plain}.gz`,
    );
    expect(status).toBe(200);
    expect((JSON.parse(body.toString()) as { outputs: { data: number[] }[] }).outputs[0]!.data[3999]).toBe(7998);
  });

  it('drives the repository with empty bodies', async (context) => {
    expect((await call(context, '/v2/repository/models/w1/unload', '-X', 'POST'))[0]).toBe(200);
    expect((await call(context, '/v2/models/w1/ready'))[0]).toBe(503);
    expect((await call(context, '/v2/repository/models/w1/load', '-X', 'POST'))[0]).toBe(200);
    expect((await call(context, '/v2/models/w1/ready'))[0]).toBe(200);
  });

  it('is told what is wrong', async (context) => {
    const wrong = await call(context, '/v2/models/iris/infer', '-d', '{"inputs":');
    expect([wrong[0], JSON.parse(wrong[1].toString())]).toEqual([
      400,
      { error: 'failed to parse the request JSON buffer: it ends too early at byte 10' },
    ]);
    expect((await call(context, '/v2/models/iris/infer', '-X', 'PUT', '-d', '{}'))[0]).toBe(405);
  });
});
