import { connect } from 'node:net';
import { tableFromIPC } from 'apache-arrow';
import { fixture, fixtureRecords } from '@witan-libs/testing';
import { columnOf, encodeArrowStream, Frame } from '@witan/core/frame';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { reflectedClient } from '../harness/grpc-client.js';
import { type ModelFolder, modelFolder, serve, witan } from '../harness/witan-command.js';

const PBTXT = Buffer.from(`
max_batch_size: 8
input [{ name: "x" data_type: TYPE_FP32 dims: [3] }]
output [{ name: "y" data_type: TYPE_FP32 dims: [3] }]
version_policy: { all {} }
`);
const data = fixture('iris');
const rows = fixtureRecords(data).map(({ sepal_width, petal_length, petal_width }) => ({
  X: [sepal_width, petal_length, petal_width],
}));
const expected = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);

describe('witan serve, of a folder in which some models are bad', () => {
  let folder: ModelFolder;
  let app: AppProcess;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = modelFolder();
    folder.put('iris/1/model.onnx', 'iris');
    folder.put('same/1/model.onnx', 'identity-f32');
    folder.put('same/2/model.onnx', 'identity-f32');
    folder.put('same/config.pbtxt', PBTXT);
    folder.put('mixed-strings.onnx', 'mixed-strings');
    folder.put('broken/1/model.onnx', Buffer.from('no model'));
    folder.put('endless/1/model.onnx', 'endless');
    folder.beside('secret.txt', 'SECRET');
    app = await serve([folder.path, '--trial-timeout', '2s']);
    env = { WITAN_URL: app.url };
  }, 60_000);
  afterAll(async () => {
    await app?.stop();
    folder.end();
  });

  it('says what it serves, what not and why, and who may call', () => {
    for (const part of [
      /NOT SERVED broken: .*onnxruntime/,
      /NOT SERVED endless: .*did not end within 2000 ms/,
      /predict: no key needed/,
      /load, unload, alias, roll back: nobody may \(--model-control\)/,
      /iris v1: X f32\[\?, 3\]/,
      /POST \/predictions\/mixed-strings/,
      /grpcurl -plaintext -d '\{"rows":\[\{"x":\[1,1,1\]\}\]\}' \S+ iris.v1.IrisService/,
      /mixed_strings\.v1\.MixedStringsService: Predict/,
    ])
      expect(app.output()).toMatch(part);
  });

  it('answers JSON, row by row as the model does', async () => {
    const { code, out } = await witan(['infer', 'iris', '--file', '-'], env, JSON.stringify(rows));
    expect(code).toBe(0);
    const { records } = JSON.parse(out) as { records: { sepal_length: number }[] };
    for (const [i, { sepal_length }] of records.entries()) expect(sepal_length).toBeCloseTo(expected[i]!, 4);
    expect(records).toHaveLength(expected.length);
  });

  it('answers Arrow', async () => {
    const X = columnOf(
      'f32',
      rows.map(({ X }) => X as number[]),
      { shape: [3] },
    );
    const stream = encodeArrowStream(Frame.fromColumns({ X }));
    const { code, out } = await witan(['infer', 'iris', '--arrow', '--file', '-', '--output', 'arrow'], env, stream);
    expect(code).toBe(0);
    const answered = tableFromIPC(Buffer.from(out, 'latin1')).getChild('sepal_length')!.toArray() as Float32Array;
    for (const [i, value] of answered.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
    expect(answered).toHaveLength(expected.length);
  });

  it('answers gRPC, by nothing but its reflection', async () => {
    const client = await reflectedClient(app.grpcAddress, 'iris.v1.IrisService');
    const answer = (await client.call('Predict', { rows: [{ x: [3.5, 1.4, 0.2] }] })) as { rows: object[] };
    expect(answer.rows).toEqual([{ sepal_length: expect.closeTo(expected[0]!, 4) }]);
    const columns = await client.call('Predict', { version: '1', columns: { x: [3.5, 1.4, 0.2] } });
    expect(columns).toMatchObject({ columns: { sepal_length: [expect.closeTo(expected[0]!, 4)] } });
    client.close();
    const mixed = await reflectedClient(app.grpcAddress, 'mixed_strings.v1.MixedStringsService');
    const labels = await mixed.call('Predict', { rows: [{ color: 'red', size: 'L', weight: 2.5 }] });
    expect(labels).toMatchObject({ rows: [{ label: expect.any(String) }] });
    mixed.close();
  });

  it('answers the Open Inference Protocol', async () => {
    const body = { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] };
    for (const path of ['same', 'same/versions/1', 'same/versions/2']) {
      const answer = await fetch(`${app.url}/v2/models/${path}/infer`, { method: 'POST', body: JSON.stringify(body) });
      expect(await answer.json()).toMatchObject({ outputs: [{ name: 'y', data: [1, 2, 3] }] });
    }
    expect((await fetch(`${app.url}/v2/models/broken/ready`)).status).toBe(503);
    expect((await fetch(`${app.url}/v2/health/live`)).status).toBe(200);
  });

  it('has health, documents and a page', async () => {
    for (const path of ['/health/live', '/health/ready', '/docs', '/v2'])
      expect((await fetch(app.url + path)).status, path).toBe(200);
    expect(await (await fetch(`${app.url}/proto`)).text()).toContain('service IrisService');
    const { paths } = (await (await fetch(`${app.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/predictions/iris', '/models/{model}/rollback', '/v2/models/{model}/infer'].slice(0, 2)),
    );
    expect((await fetch(`${app.url}/v2/models/iris/infer`)).status).toBe(405);
  });

  it('lists and describes its models', async () => {
    const list = await witan(['models', 'list'], env);
    expect(list.code).toBe(0);
    expect(list.out).toMatch(/^broken +- +1:failed .*onnxruntime/m);
    expect(list.out).toMatch(/^same +2 +1 2/m);
    const json = await witan(['models', 'list', '--json'], env);
    expect((JSON.parse(json.out) as { models: unknown[] }).models).toHaveLength(5);
    const show = await witan(['models', 'show', 'same'], env);
    expect(show.out).toMatch(/configured by +config.pbtxt/);
    expect(show.out).toMatch(/^2 +ready /m);
  });

  it('says in a terminal what was refused and what to do', async () => {
    const wrong = await witan(['infer', 'iris', '--data', '[{"X":[1,2,3]},{"X":[1]},{}]'], env);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^witan: .*CORE_ERR_VALIDATION/);
    expect(wrong.err).toContain('row 1: X must have shape [3]');
    expect(wrong.err).toContain('row 2: X is missing');
    const unknown = await witan(['infer', 'nothing', '--data', '{}'], env);
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('witan models list')]);
    const version = await witan(['infer', 'same', '--version', '9', '--data', '{"x":[1,2,3]}'], env);
    expect(version.err).toContain('INF_ERR_VERSION_NOT_FOUND');
    const table = await witan(['infer', 'same', '--version', '1', '--output', 'table', '--data', '{"x":[1,2,3]}'], env);
    expect(table.out).toBe('row  y\n0    [1,2,3]\n');
  });

  it('refuses to be changed, by the command and by the protocols', async () => {
    for (const args of [
      ['load', 'iris'],
      ['unload', 'iris'],
      ['alias', 'same', 'a', '1'],
      ['rollback', 'same'],
      ['refresh'],
    ]) {
      const { code, err } = await witan(['models', ...args], env);
      expect([code, err]).toEqual([1, expect.stringContaining('--model-control')]);
    }
    expect((await fetch(`${app.url}/v2/repository/models/iris/unload`, { method: 'POST' })).status).toBe(403);
  });

  it('gives nothing of the machine away, whatever a path or a parameter says', async () => {
    const ways = [
      '../secret.txt',
      '..%2fsecret.txt',
      '..%2f..%2f..%2f..%2fetc%2fpasswd',
      '%2e%2e/%2e%2e/etc/passwd',
      '..%5csecret.txt',
      '%00',
      '%c0%ae%c0%ae%2fsecret.txt',
      'iris%2f..%2f..%2fsecret.txt',
    ];
    const paths = ways.flatMap((way) => [
      `POST /predictions/${way}`,
      `POST /predictions/iris?version=${way}`,
      `GET /models/${way}`,
      `POST /v2/models/${way}/infer`,
      `GET /v2/models/iris/versions/${way}`,
      `GET /v2/models/${way}/config`,
      `GET /docs/${way}`,
      `POST /v2/repository/models/${way}/load`,
      `PUT /models/iris/aliases/${way}`,
    ]);
    for (const path of paths) {
      const answer = await raw(
        app,
        `${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), path).toBeGreaterThanOrEqual(400);
      expect(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), path).toBeLessThan(500);
      expect(answer, path).not.toMatch(/SECRET|root:/);
    }
  });
});

/** Sends exactly these bytes: clients would tidy the path up. */
function raw(app: AppProcess, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.once('close', () => resolve(answer));
    socket.once('error', reject);
  });
}

describe('witan serve', () => {
  const folder = modelFolder();
  afterAll(() => folder.end());

  it('serves one file, under the name that it is given', async () => {
    folder.put('one.onnx', 'iris');
    const app = await serve([`${folder.path}/one.onnx`, '--name', 'flowers']);
    const { code, out } = await witan(['infer', 'flowers', '--data', '{"X":[3.5,1.4,0.2]}', '--url', app.url]);
    expect([code, out]).toEqual([0, expect.stringContaining('sepal_length')]);
    expect(await app.stop()).toBe(0);
  });

  it('answers what is under way when it is told to end', async () => {
    folder.put('slow.onnx', 'slow');
    const app = await serve([`${folder.path}/slow.onnx`, '--trusted']);
    const url = `${app.url}/predictions/slow`;
    const headers = { 'content-type': 'application/json' };
    const answers = [1, 2, 3].map((x) => fetch(url, { method: 'POST', headers, body: JSON.stringify([{ x }]) }));
    // One has been answered, so the others are under way.
    await Promise.race(answers);
    const ended = app.stop();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await ended).toBe(0);
  });

  it('serves by several processes', async () => {
    folder.put('one.onnx', 'iris');
    const app = await serve([`${folder.path}/one.onnx`, '--trusted', '--processes', '2']);
    await app.said('2 processes share the ports');
    const { code } = await witan(['infer', 'one', '--data', '{"X":[3.5,1.4,0.2]}', '--url', app.url]);
    expect(code).toBe(0);
    expect(await app.stop()).toBe(0);
  });
});
