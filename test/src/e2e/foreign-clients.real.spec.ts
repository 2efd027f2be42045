import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fixture, fixtureRecords } from '@witan-libs/testing';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { type AppProcess, startApp } from '../harness/app-process.js';
import { curl, grpcurl, python, type Tool } from '../harness/foreign-tools.js';
import { ROOT } from '../harness/repository.js';
import { largestDistance } from '../harness/requests.js';

const run = promisify(execFile);
const TOLERANCE = 1e-5;
const data = fixture('iris');
const expected = data.expected['sepal_length']!.map((row) => (row as number[])[0]!);

/** The tool's path; without it the test is skipped. */
function pathOf(tool: Tool, context: TestContext): string {
  if ('missing' in tool) context.skip(tool.missing);
  return (tool as { path: string }).path;
}

/** Runs one of test/clients with JSON on its standard input, and reads JSON from its output. */
function pythonClient<T>(interpreter: string, script: string, args: readonly string[], input: unknown): T {
  const result = spawnSync(interpreter, [join(ROOT, 'test/clients', script), ...args], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`${script}: ${result.stderr}`);
  return JSON.parse(result.stdout) as T;
}

/** Runs a line of the banner as it stands, with the tool on the PATH. */
async function paste(app: AppProcess, start: string, tool: string): Promise<unknown> {
  const PATH = `${dirname(tool)}${delimiter}${process.env['PATH']}`;
  const { stdout } = await run('bash', ['-c', app.bannerLine(start)], { env: { ...process.env, PATH } });
  return JSON.parse(stdout);
}

describe.each(['iris', 'digits'])('the lines that apps/%s prints at its start, pasted', (name) => {
  let app: AppProcess;

  beforeAll(async () => {
    app = await startApp(name);
  });

  afterAll(() => app?.stop());

  it('curl', async (context) => {
    const answer = (await paste(app, 'curl', pathOf(await curl(), context))) as { records: object[] };
    expect(answer.records).toHaveLength(1);
  });

  it('grpcurl, by reflection', async (context) => {
    const answer = (await paste(app, 'grpcurl', pathOf(await grpcurl(), context))) as { rows: object[] };
    expect(answer.rows).toHaveLength(1);
  });
});

describe('apps/iris, called by programs that are not ours', () => {
  let app: AppProcess;
  let tools: { grpcurl: Tool; python: Tool };
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'witan-clients-'));
    tools = { grpcurl: await grpcurl(), python: await python() };
    app = await startApp('iris');
  });

  afterAll(async () => {
    await app?.stop();
    rmSync(folder, { recursive: true });
  });

  it('grpcurl lists the services and reads the health', async (context) => {
    const tool = pathOf(tools.grpcurl, context);
    const listed = (await run(tool, ['-plaintext', app.grpcAddress, 'list'])).stdout.split('\n');
    expect(listed).toEqual(expect.arrayContaining([app.grpcService, 'grpc.health.v1.Health']));
    const health = await run(tool, ['-plaintext', app.grpcAddress, 'grpc.health.v1.Health/Check']);
    expect(JSON.parse(health.stdout)).toEqual({ status: 'SERVING' });
  });

  it('Python’s grpcio, by stubs made from `witan proto`, gets every row', async (context) => {
    const interpreter = pathOf(tools.python, context);
    const proto = join(folder, 'iris.proto');
    writeFileSync(proto, (await run('npx', ['--no', 'witan', 'proto'], { cwd: join(ROOT, 'apps/iris') })).stdout);
    const rows = pythonClient<{ sepal_length: number }[]>(
      interpreter,
      'grpc_client.py',
      [proto, app.grpcAddress],
      fixtureRecords(data),
    );
    expect(
      largestDistance(
        rows.map((row) => row.sepal_length),
        expected,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it.for(['', 'zstd'])('pyarrow gets every row over HTTP %s', (compression, context) => {
    const interpreter = pathOf(tools.python, context);
    const names = { sepalWidth: 'sepal_width', petalLength: 'petal_length', petalWidth: 'petal_width' };
    const columns = Object.fromEntries(Object.entries(names).map(([to, from]) => [to, data.columns.get(from)]));
    const answer = pythonClient<{ sepalLength: number[] }>(
      interpreter,
      'arrow_client.py',
      [`${app.url}/predictions/iris`, ...(compression ? [compression] : [])],
      columns,
    );
    expect(largestDistance(answer.sepalLength, expected)).toBeLessThan(TOLERANCE);
  });
});
