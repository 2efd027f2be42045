import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { curl, grpcurl, type Tool, tritonClient } from '../harness/foreign-tools.js';
import { codeBlocks } from '../harness/markdown.js';
import { type ModelFolder, modelFolder, serve, WITAN } from '../harness/witan-command.js';

const run = promisify(execFile);
const blocks = codeBlocks('docs/guide/serve.md');

function pathOf(tool: Tool, context: TestContext): string {
  if ('missing' in tool) context.skip(tool.missing);
  return (tool as { path: string }).path;
}

/** The guide's lines as they stand there, but for the ports and where programs lie. */
describe('docs/guide/serve.md', () => {
  let folder: ModelFolder;
  let app: AppProcess;
  beforeAll(async () => {
    folder = modelFolder();
    folder.put('iris/1/model.onnx', 'iris');
    folder.put('iris/witan.yaml', Buffer.from('aliases: { champion: "1" }\n'));
    app = await serve([folder.path, '--trusted']);
  });
  afterAll(async () => {
    await app?.stop();
    folder.end();
  });

  const withPorts = (text: string): string =>
    text.replaceAll('localhost:3000', new URL(app.url).host).replaceAll('localhost:5000', app.grpcAddress);

  it('shows command lines that answer', async (context) => {
    const tools = [pathOf(await curl(), context), pathOf(await grpcurl(), context)] as const;
    const { code } = blocks.find((block) => block.code.includes('grpcurl'))!;
    const lines = withPorts(code)
      .split('\n')
      .filter((line) => /^(curl|grpcurl|npx) /.test(line))
      .map((line) => line.replace(/^curl/, tools[0]).replace(/^grpcurl/, tools[1]))
      .map((line) => line.replace(/^npx witan/, `'${process.execPath}' '${WITAN}'`));
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const { stdout } = await run('sh', ['-c', line], { env: { ...process.env, WITAN_URL: app.url } });
      expect(stdout, line).toMatch(/5\.03|sepalLength|^MODEL/);
    }
  });

  it.for(['http', 'grpc'])("shows a program with Triton's client that answers (%s)", async (protocol, context) => {
    const python = pathOf(await tritonClient(), context);
    const { code } = blocks.find((block) => block.language === 'python')!;
    const program = code.replace('tritonclient.http', `tritonclient.${protocol}`);
    const there = protocol === 'http' ? program : program.replace('localhost:3000', 'localhost:5000');
    const { stdout } = await run(python, ['-c', withPorts(there)]);
    expect(stdout).toContain('5.03');
  });
});
