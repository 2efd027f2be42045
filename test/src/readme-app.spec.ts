import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, fixtureModel, fixtureRecords } from '@witan-libs/testing';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppProcess, startProcess } from './harness/app-process.js';
import { reflectedClient } from './harness/grpc-client.js';
import { codeBlocks } from './harness/markdown.js';
import { ROOT } from './harness/repository.js';
import { postRecords } from './harness/requests.js';
import { baseOptions } from './harness/type-check.js';

/** The README's example as it stands, but for its ports. */
function example(): string {
  const code = codeBlocks('README.md').find(({ language }) => language === 'ts')!.code;
  return code.replace('http: 3000, grpc: 5000', 'http: 0, grpc: 0');
}

describe('the example of the README', () => {
  const data = fixture('iris');
  const row = fixtureRecords(data)[7]!;
  const expected = (data.expected['sepal_length']![7] as number[])[0]!;
  let folder: string;
  let app: AppProcess;

  beforeAll(async () => {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.cache', 'readme-'));
    mkdirSync(join(folder, 'models'));
    cpSync(fixtureModel('iris'), join(folder, 'models', 'iris.onnx'));
    const compilerOptions = { ...baseOptions(), module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(example(), { compilerOptions });
    writeFileSync(join(folder, 'main.js'), outputText);
    app = await startProcess(['main.js'], {}, folder);
  });

  afterAll(async () => {
    await app?.stop();
    rmSync(folder, { recursive: true });
  });

  it('has some thirty lines', () => {
    expect(
      example()
        .split('\n')
        .filter((line) => line.trim() !== '').length,
    ).toBeLessThanOrEqual(35);
  });

  it('answers over HTTP', async () => {
    const record = { sepalWidth: row['sepal_width'], petalLength: row['petal_length'], petalWidth: row['petal_width'] };
    const [answer] = await postRecords(`${app.url}/predictions/iris`, [record]);
    expect(answer!['sepalLength']).toBeCloseTo(expected, 5);
  });

  it('answers over gRPC', async () => {
    const client = await reflectedClient(app.grpcAddress, app.grpcService);
    const { rows } = (await client.call('Predict', { rows: [row] })) as { rows: { sepal_length: number }[] };
    client.close();
    expect(rows[0]!.sepal_length).toBeCloseTo(expected, 5);
  });

  it.each(['/health/ready', '/proto', '/openapi.json', '/docs'])('answers %s', async (path) => {
    expect((await fetch(app.url + path)).status).toBe(200);
  });
});
