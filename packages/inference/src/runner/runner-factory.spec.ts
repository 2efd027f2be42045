import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureModel } from '@witan-libs/testing';
import { writeBytes, writeText, writeVarint } from '../onnx/wire.js';
import { processLink, workerLink } from './host/host-link.js';
import { RunnerFactory } from './runner-factory.js';

const row = { x: { dtype: 'f32', dims: [1, 1], data: Float32Array.of(1) } } as const;

describe('RunnerFactory', () => {
  const factories: RunnerFactory[] = [];
  const create = (...args: ConstructorParameters<typeof RunnerFactory>): RunnerFactory => {
    const factory = new RunnerFactory(...args);
    factories.push(factory);
    return factory;
  };
  afterEach(() => Promise.all(factories.splice(0).map((factory) => factory.close(0))));

  it.each([{ trusted: false }, { trusted: true }])(
    'keeps a slow model off the main thread ($trusted)',
    async (options) => {
      const runner = await create().open({ name: 'slow', path: fixtureModel('slow'), maxRows: 1, ...options });
      expect(runner.mode).toBe('worker');
      const answer = runner.run(row);
      expect(answer).toBeInstanceOf(Promise);
      expect([...(await answer)['y']!.data]).toEqual([1]);
    },
  );

  it('keeps no worker for a model that only was measured there', async () => {
    const ends: Promise<string>[] = [];
    const link = () => {
      const made = workerLink();
      ends.push(new Promise((resolve) => made.onExit(resolve)));
      return made;
    };
    const factory = create({ trusted: true }, { workerLink: link });
    const runner = await factory.open({ name: 'w', path: fixtureModel('variable-width'), maxRows: 1 });
    // A busy machine may have measured too slow a run: then the worker is the model's home.
    if (runner.mode === 'inline') expect(await Promise.all(ends)).toEqual(ends.map(() => 'exit code 0'));
    else expect(runner.mode).toBe('worker');
  });

  it('answers with a value, not a promise, inline', async () => {
    const runner = await create().open({ name: 'w', path: fixtureModel('variable-width'), execution: 'inline' });
    const answer = runner.run(row);
    expect(answer).not.toBeInstanceOf(Promise);
    expect([...(await answer)['y']!.data]).toEqual([2]);
  });

  it.each([
    [undefined, '1'],
    ['0', '0'],
  ])("switches onnxruntime's reports off, unless the operator said otherwise (%s)", async (before, after) => {
    const kept = process.env['ORT_DISABLE_TELEMETRY'];
    if (before === undefined) delete process.env['ORT_DISABLE_TELEMETRY'];
    else process.env['ORT_DISABLE_TELEMETRY'] = before;
    await create()
      .open({ name: 'none', path: 'none.onnx' })
      .catch(() => undefined);
    expect(process.env['ORT_DISABLE_TELEMETRY']).toBe(after);
    process.env['ORT_DISABLE_TELEMETRY'] = kept;
  });

  it('warms up at 1, 4, 16 and the largest batch, and times each', async () => {
    const runner = await create().open({ name: 'w1', path: fixtureModel('w1'), maxRows: 40, trusted: true });
    expect(runner.report.warmUp.map((time) => time.rows)).toEqual([1, 4, 16, 40]);
    expect(runner.report.warmUp.every((time) => time.ms > 0)).toBe(true);
  });

  it('refuses a model that hangs, and leaves nothing running', async () => {
    const ends: Promise<string>[] = [];
    const link = () => {
      const made = processLink();
      ends.push(new Promise((resolve) => made.onExit(resolve)));
      return made;
    };
    const factory = create({ trialTimeoutMs: 1_500 }, { processLink: link });
    await expect(factory.open({ name: 'endless', path: fixtureModel('endless') })).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_TRIAL',
      message: expect.stringMatching(/endless\.onnx .* 1500 ms/),
    });
    expect(await Promise.all(ends)).toEqual(['signal SIGKILL']);
  });

  it('holds every model to its own limit, whatever the one before had', async () => {
    const factory = create();
    await factory.open({ name: 'iris', path: fixtureModel('iris'), trialTimeoutMs: 50_000 });
    const endless = factory.open({ name: 'endless', path: fixtureModel('endless'), trialTimeoutMs: 1_000 });
    await expect(endless).rejects.toMatchObject({
      code: 'INF_ERR_MODEL_TRIAL',
      message: expect.stringContaining('1000 ms'),
    });
  });

  it.each([
    [{ threads: 100_000 }, 'threads is 100000'],
    [{ circuit: { crashes: 0 } }, 'circuit.crashes is 0'],
    [{ circuit: { openMs: -1 } }, 'circuit.openMs is -1'],
  ])('refuses options out of range: %j', async (options, text) => {
    const open = create().open({ name: 'iris', path: fixtureModel('iris'), ...options });
    await expect(open).rejects.toMatchObject({ code: 'INF_ERR_OPTIONS', message: expect.stringContaining(text) });
  });

  it('tries the next model after one that hangs', async () => {
    const factory = create({ trialTimeoutMs: 1_500 });
    const endless = factory.open({ name: 'endless', path: fixtureModel('endless') });
    const good = factory.open({ name: 'iris', path: fixtureModel('iris') });
    await expect(endless).rejects.toMatchObject({ code: 'INF_ERR_MODEL_TRIAL' });
    expect((await good).state).toBe('ready');
  });

  it('warns of an execution provider that this build lacks, and takes the next', async () => {
    const runner = await create().open({
      name: 'iris',
      path: fixtureModel('iris'),
      executionProviders: ['cuda', 'cpu'],
    });
    expect(runner.report.provider).toBe('cpu');
    expect(runner.report.warnings.join()).toContain("'cuda'");
  });

  it('fails when no listed execution provider is there', async () => {
    const open = create().open({
      name: 'iris',
      path: fixtureModel('iris'),
      executionProviders: ['cuda'],
      trusted: true,
    });
    await expect(open).rejects.toMatchObject({ code: 'INF_ERR_MODEL_LOAD' });
  });

  it('gives a large model workers of its own, and small ones a shared one', async () => {
    let workers = 0;
    const factory = create(
      { trusted: true, execution: 'worker', sharedWorkers: 1 },
      { workerLink: () => (workers++, workerLink()) },
    );
    const path = fixtureModel('iris');
    await factory.open({ name: 'a', path });
    await factory.open({ name: 'b', path });
    expect(workers).toBe(1);
    const large = await factory.open({ name: 'c', path, largeBytes: 100 });
    expect(workers).toBe(2);
    expect(large.concurrency).toBe(1);
    const two = await factory.open({ name: 'd', path, threads: 2 });
    expect(workers).toBe(4);
    expect(two.concurrency).toBe(2);
  });

  it.each([
    { threads: 0 },
    { threads: 1.5 },
    { runTimeoutMs: -1 },
    { runTimeoutMs: 2 ** 31 },
    { execution: 'gpu' },
    { share: 'all' },
  ])('refuses %o', async (options) => {
    const open = create().open({ name: 'iris', path: fixtureModel('iris'), ...(options as object) });
    await expect(open).rejects.toMatchObject({
      code: 'INF_ERR_OPTIONS',
      message: expect.stringContaining(Object.keys(options)[0]!),
    });
  });

  it('maps weights only where they lie in a file of their own', async () => {
    const open = create().open({ name: 'iris', path: fixtureModel('iris'), share: 'mmap' });
    await expect(open).rejects.toMatchObject({
      code: 'INF_ERR_EXTERNAL_DATA',
      message: expect.stringContaining('iris.onnx'),
    });
  });

  describe('with files', () => {
    let folder: string;
    beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'witan-models-'))));
    afterEach(() => rm(folder, { recursive: true }));

    it('refuses truncated and missing files', async () => {
      const path = join(folder, 'half.onnx');
      await writeFile(path, (await readFile(fixtureModel('w1'))).subarray(0, 5_000));
      const factory = create();
      await expect(factory.open({ name: 'half', path })).rejects.toMatchObject({ code: 'INF_ERR_MODEL_LOAD' });
      const nowhere = factory.open({ name: 'none', path: join(folder, 'none.onnx') });
      await expect(nowhere).rejects.toMatchObject({ code: 'INF_ERR_MODEL_NOT_FOUND' });
    });

    it('refuses or serves damaged files, and goes on', async () => {
      const whole = await readFile(fixtureModel('iris-classifier'));
      const factory = create({ trialTimeoutMs: 10_000 });
      const outcomes = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const path = join(folder, `flip-${i}.onnx`);
        const bytes = Buffer.from(whole);
        const at = (i * 7919) % bytes.length;
        bytes[at] = bytes[at]! ^ (1 << (i % 8));
        await writeFile(path, bytes);
        const load = factory.open({ name: 'flip', path, execution: 'worker', maxRows: 1 });
        outcomes.add(
          await load.then(
            (runner) => runner.state,
            (error: { code: string }) => error.code,
          ),
        );
      }
      expect(
        [...outcomes].filter((outcome) => !/^(ready|INF_ERR_MODEL_(LOAD|TRIAL)|INF_ERR_EXTERNAL_DATA)$/.test(outcome)),
      ).toEqual([]);
      expect(outcomes).toContain('INF_ERR_MODEL_LOAD');
      expect((await factory.open({ name: 'good', path: fixtureModel('iris'), execution: 'worker' })).state).toBe(
        'ready',
      );
    });

    it('runs several workers on one mapped copy of the weights', async () => {
      const path = join(folder, 'plus.onnx');
      await writeFile(path, plusExternal('weights.bin'));
      await writeFile(join(folder, 'weights.bin'), Buffer.from(Float32Array.of(10, 20, 30).buffer));
      const runner = await create().open({ name: 'plus', path, share: 'mmap', threads: 2, execution: 'worker' });
      const feeds = { x: { dtype: 'f32', dims: [1, 3], data: Float32Array.of(1, 2, 3) } } as const;
      const answers = await Promise.all([runner.run(feeds), runner.run(feeds)]);
      for (const { y } of answers) expect([...y!.data]).toEqual([11, 22, 33]);
    });

    it.each(['../weights.bin', '/etc/passwd', ''])(
      "refuses weights outside the model's folder: %j",
      async (location) => {
        const path = join(folder, 'plus.onnx');
        await writeFile(path, plusExternal(location));
        const open = create().open({ name: 'plus', path, trusted: true });
        await expect(open).rejects.toMatchObject({ code: 'INF_ERR_EXTERNAL_DATA' });
      },
    );

    it('names the weight file that is missing', async () => {
      const path = join(folder, 'plus.onnx');
      await writeFile(path, plusExternal('weights.bin'));
      const open = create().open({ name: 'plus', path, trusted: true });
      await expect(open).rejects.toMatchObject({
        code: 'INF_ERR_EXTERNAL_DATA',
        message: expect.stringContaining('weights.bin'),
      });
    });
  });
});

/** `y = x + w`, with `w` f32[3] in a file of its own. */
function plusExternal(location: string): Uint8Array {
  const dims = (...sizes: number[]) =>
    writeBytes(2, ...sizes.map((size) => writeBytes(1, size > 0 ? writeVarint(1, size) : writeText(2, 'N'))));
  const value = (name: string) => [writeText(1, name), writeBytes(2, writeBytes(1, writeVarint(1, 1), dims(0, 3)))];
  const external = writeBytes(13, writeText(1, 'location'), writeText(2, location));
  const weights = [writeVarint(1, 3), writeVarint(2, 1), writeText(8, 'w'), external, writeVarint(14, 1)];
  const add = [writeText(1, 'x'), writeText(1, 'w'), writeText(2, 'y'), writeText(4, 'Add')];
  const graph = [
    writeBytes(1, ...add),
    writeText(2, 'plus'),
    writeBytes(5, ...weights),
    writeBytes(11, ...value('x')),
    writeBytes(12, ...value('y')),
  ];
  return Buffer.concat([writeVarint(1, 8), writeBytes(7, ...graph), writeBytes(8, writeVarint(2, 13))]);
}
