import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { startProcess } from '../harness/app-process.js';
import { modelFolder, serve, WITAN, witan } from '../harness/witan-command.js';

describe('a command line that cannot be used', () => {
  const folder = modelFolder();
  folder.put('m.onnx', 'identity-f32');
  afterAll(() => folder.end());
  const bad = folder.beside('bad.yaml', 'htpp: 3000\n');
  const wrong = folder.beside('wrong.yaml', 'poll: [1, 2]\n');
  const noYaml = folder.beside('no.yaml', 'http: "3000\n');
  const adminKeys = folder.beside('admin.keys', 'ops:short\n');

  it.each([
    [['serve'], 'say what to serve'],
    [['serve', `${folder.path}/none`], 'is not there: give a folder of models'],
    [['serve', bad], 'is neither a folder nor a .onnx file'],
    [['serve', 'ftp://x/y'], 'is nothing that can be served'],
    [['serve', folder.path, '--name', 'x'], '--name names the model of a single .onnx file'],
    [['serve', `${folder.path}/m.onnx`, '--name', '../x'], "cannot be a model's name"],
    [['serve', folder.path, '--htp', '1'], "did you mean '--http'"],
    [['serve', folder.path, '--http', '70000'], '--http: '],
    [['serve', folder.path, '--http', 'off', '--grpc', 'off'], 'leave nothing to serve on'],
    [['serve', folder.path, '--poll', '10'], 'write 500ms, 10s, 2m or 1h'],
    [['serve', folder.path, '--max-bytes', 'much'], 'is no size'],
    [['serve', folder.path, '--max-models', '0'], 'is no whole number'],
    [['serve', folder.path, '--log-level', 'loud'], 'is not one of error, warn'],
    [['serve', folder.path, '--tls-cert', 'x.pem'], '--tls-cert and --tls-key go together'],
    [['serve', folder.path, '--admin-key-file', adminKeys], 'give --model-control too'],
    [['serve', folder.path, '--model-control', '--processes', '2'], 'works with one process'],
    [['serve', folder.path, '--metrics-access', 'predict'], 'give --metrics too'],
    [['serve', folder.path, '--metrics', '--http', 'off'], '--metrics needs the HTTP port'],
    [['serve', folder.path, '--metrics', '--metrics-access', 'me'], 'is not one of open, predict, control'],
    [['serve', folder.path, '--summary-baselines', '.'], 'give --summary too'],
    [['serve', folder.path, '--config', bad], "'htpp' is no setting (did you mean 'http'?)"],
    [['serve', folder.path, '--config', wrong], 'poll: a list is no single value'],
    [['serve', folder.path, '--config', noYaml], 'is not YAML'],
    [['serve', folder.path, '--config', 'none.yaml'], 'cannot be read'],
    [['hushar'], 'give the service config'],
    [['hushar', '--config', bad], 'HUSHAR_ERR_CONFIG'],
    [['infer', 'm'], 'say which rows'],
    [['infer', 'm', '--data', '{'], 'the rows are not JSON'],
    [['infer', 'm', '--data', '{}', '--url', 'localhost'], 'is no address'],
    [['infer', 'm', '--data', '{}', '--output', 'xml'], 'is not one of json, table, arrow'],
    [['models', 'lst'], "did you mean 'list'"],
    [['models', 'alias', 'm', 'a'], "Missing required argument 'version'"],
    [['srve'], "did you mean 'serve'"],
  ])('%j ends with 2 and says what to do', async (args, text) => {
    const { code, out, err } = await witan(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(text);
    expect(err).toMatch(/^witan: /);
    expect(err).not.toMatch(/^ +at /m);
  });

  it('is told from a server that cannot serve, which ends with 1', async () => {
    const taken = createServer().listen(0, '0.0.0.0');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const inUse = await witan(['serve', folder.path, '--http', String(port), '--grpc', '0', '--trusted']);
    taken.close();
    expect([inUse.code, inUse.err]).toEqual([1, expect.stringContaining(`HTTP port ${port} is in use`)]);
    const down = await witan([
      'serve',
      `http://127.0.0.1:${port}/models/`,
      '--cache-dir',
      folder.beside('x', '').replace(/x$/, 'cache'),
      '--http',
      '0',
      '--grpc',
      '0',
    ]);
    expect([down.code, down.err]).toEqual([
      1,
      expect.stringContaining('cannot be asked for its models, and nothing that it had is kept'),
    ]);
    const nobody = await witan(['infer', 'm', '--data', '{}', '--url', `http://127.0.0.1:${port}`]);
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('start it with witan serve')]);
    const keys = await witan(['serve', folder.path, '--model-control', '--admin-key-file', adminKeys, '--http', '0']);
    expect([keys.code, keys.err]).toEqual([1, expect.stringContaining('admin.keys')]);
    folder.put('broken.onnx', Buffer.from('no model'));
    const broken = await witan(['serve', `${folder.path}/broken.onnx`, '--http', '0', '--grpc', '0']);
    expect([broken.code, broken.err]).toEqual([1, expect.stringContaining('INF_ERR_MODEL')]);
    folder.remove('broken.onnx');
  }, 60_000);

  it('every command explains itself', async () => {
    for (const args of [[], ['serve'], ['infer'], ['models'], ['models', 'load'], ['hushar'], ['proto']]) {
      const { code, out, err } = await witan([...args, '--help']);
      expect([code, err], args.join(' ')).toEqual([0, '']);
      expect(out).toContain(`Usage: ${['witan', ...args].join(' ')}`);
    }
    expect((await witan(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a configuration file', () => {
  it('says everything that flags say, and flags go before it', async () => {
    const folder = modelFolder();
    folder.put('m.onnx', 'identity-f32');
    const config = folder.beside(
      'witan.yaml',
      'store: models\nhttp: 1\ngrpc: 1\npoll: 3s\nmodel-control: true\ntrusted: true\n',
    );
    const app = await startProcess([WITAN, 'serve', '--config', config, '--http', '0', '--grpc', '0', '--poll', '7s']);
    expect(app.output()).toContain('looked for every 7 s');
    expect(app.output()).toContain('anyone on this machine');
    expect((await witan(['models', 'load', 'm', '--url', app.url])).code).toBe(0);
    expect(await app.stop()).toBe(0);
    folder.end();
  });
});

describe('a folder without models', () => {
  it('is served, and said to be without, until there is one', async () => {
    const folder = modelFolder();
    folder.put('notes.txt', Buffer.from('nothing to see'));
    const app = await serve([folder.path, '--poll', '200ms', '--trusted'], 'gRPC ');
    expect(app.output()).toContain('no models: looked for MODEL/VERSION/model.onnx');
    folder.deploy('m', '1', 'identity-f32');
    const infer = ['infer', 'm', '--data', '{"x":[1,2,3]}', '--url', app.url];
    let answer = await witan(infer);
    for (let tries = 0; answer.code !== 0 && tries < 20; tries++) answer = await witan(infer);
    expect(answer.out).toContain('"y":[1,2,3]');
    expect(await app.stop()).toBe(0);
    folder.end();
  });
});
