import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import type { Tensor } from '../tensor/tensor.js';
import { type HostLink, type HostLinkFactory, linkOf, processLink, workerLink } from './host/host-link.js';
import { RunnerFactory } from './runner-factory.js';
import type { RunnerDefaults } from './runner-options.js';
import type { Runner } from './runner.js';

/** A worker that ends itself, as a native crash would, when it is given this value; otherwise the real one. */
const DEADLY = 666;
const SESSION_HOST = JSON.stringify(new URL('./host/session-host.js', import.meta.url).href);
const mortalWorker = (): HostLink =>
  linkOf(
    new Worker(
      `const { parentPort } = require('node:worker_threads');
       const host = import(${SESSION_HOST}).then((m) => new m.SessionHost());
       parentPort.on('message', async (request) => {
         if (request.op === 'run' && request.feeds.x.data[0] === ${DEADLY}) process.exit(7);
         parentPort.postMessage(await (await host).handle(request));
         if (request.op === 'end') parentPort.close();
       });`,
      { eval: true },
    ),
  );

const x = (...values: number[]): { x: Tensor } => ({
  x: { dtype: 'f32', dims: [values.length, 1], data: Float32Array.from(values) },
});
const settled = async (runs: readonly unknown[]) =>
  (await Promise.allSettled(runs)).map((run) => (run.status === 'fulfilled' ? 'ok' : run.reason.code));

describe('a runner in workers or processes', () => {
  const factories: RunnerFactory[] = [];
  const factoryWith = (
    clock: ManualClock,
    options: RunnerDefaults,
    workers?: HostLinkFactory,
    processes?: HostLinkFactory,
  ) => {
    const factory = new RunnerFactory(
      { trusted: true, sharedWorkers: 1, ...options },
      { clock, workerLink: workers, processLink: processes },
    );
    factories.push(factory);
    return factory;
  };
  const open = (factory: RunnerFactory, name: string, execution: 'worker' | 'process' = 'worker'): Promise<Runner> =>
    factory.open({ name, path: fixtureModel(name), execution, maxRows: 1 });
  afterEach(() => Promise.all(factories.splice(0).map((factory) => factory.close(0))));

  it('fails only the batch whose worker ends, and runs what waited on the next worker', async () => {
    const runner = await open(factoryWith(new ManualClock(), {}, mortalWorker), 'variable-width');
    expect(await settled([runner.run(x(1)), runner.run(x(DEADLY)), runner.run(x(2)), runner.run(x(3))])).toEqual([
      'ok',
      'INF_ERR_RUNNER_EXIT',
      'ok',
      'ok',
    ]);
    expect(runner.state).toBe('ready');
    expect([...(await runner.run(x(4)))['y']!.data]).toEqual([8]);
  });

  it.each([16, 65_536])('does not grow over 2,000 runs of %d values', async (length) => {
    const runner = await open(factoryWith(new ManualClock(), {}), 'variable-width');
    const run = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++) {
        await runner.run({ x: { dtype: 'f32', dims: [1, length], data: new Float32Array(length), owned: true } });
      }
      return process.memoryUsage.rss();
    };
    const before = await run(500);
    expect((await run(2_000)) - before).toBeLessThan(100 * 2 ** 20);
  });

  it('says what ended the worker', async () => {
    const runner = await open(factoryWith(new ManualClock(), {}, mortalWorker), 'variable-width');
    await expect(runner.run(x(DEADLY))).rejects.toMatchObject({
      category: 'UNAVAILABLE',
      details: { why: 'exit code 7' },
    });
  });

  it('keeps the models that share the worker', async () => {
    const factory = factoryWith(new ManualClock(), {}, mortalWorker);
    const [deadly, neighbour] = [await open(factory, 'variable-width'), await open(factory, 'nan')];
    expect(await settled([deadly.run(x(DEADLY)), neighbour.run(x(1))])).toEqual(['INF_ERR_RUNNER_EXIT', 'ok']);
  });

  it('rests a model that ends its worker again and again, then tries one run', async () => {
    const clock = new ManualClock();
    const runner = await open(
      factoryWith(clock, { circuit: { crashes: 2, openMs: 1_000 } }, mortalWorker),
      'variable-width',
    );
    expect(await settled([runner.run(x(DEADLY)), runner.run(x(DEADLY))])).toEqual([
      'INF_ERR_RUNNER_EXIT',
      'INF_ERR_RUNNER_EXIT',
    ]);
    await expect(runner.run(x(1))).rejects.toMatchObject({
      code: 'INF_ERR_CIRCUIT_OPEN',
      category: 'UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    clock.advance(1_000);
    expect(await settled([runner.run(x(DEADLY)), runner.run(x(1))])).toEqual([
      'INF_ERR_RUNNER_EXIT',
      'INF_ERR_CIRCUIT_OPEN',
    ]);
    await expect(runner.run(x(1))).rejects.toMatchObject({ retryAfterMs: 2_000 });
    clock.advance(2_000);
    expect(await settled([runner.run(x(1))])).toEqual(['ok']);
    expect(await settled([runner.run(x(1)), runner.run(x(2))])).toEqual(['ok', 'ok']);
  });

  it('survives a worker that reaches its heap limit', async () => {
    const runner = await open(factoryWith(new ManualClock(), { maxHeapMb: 24 }), 'identity-string');
    const many = (length: number): { x: Tensor } => {
      const data = Array.from({ length }, (_, i) => `${i} ${'x'.repeat(40)}`);
      return { x: { dtype: 'utf8', dims: [length / 3, 3], data } };
    };
    const failure = await (runner.run(many(900_000)) as Promise<unknown>).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'INF_ERR_RUNNER_EXIT',
      details: { why: 'its JavaScript heap reached its limit' },
    });
    expect((await runner.run(many(3)))['y']!.dims).toEqual([1, 3]);
  });

  it('marks a model failed whose run passes its limit, and keeps its neighbours', async () => {
    const clock = new ManualClock();
    const factory = factoryWith(clock, { runTimeoutMs: 5_000 });
    const [slow, neighbour] = [await open(factory, 'slow'), await open(factory, 'variable-width')];
    const runs = settled([slow.run(x(1)), slow.run(x(2)), neighbour.run(x(3))]);
    await new Promise(setImmediate);
    clock.advance(5_000);
    expect(await runs).toEqual(['INF_ERR_RUN_TIMEOUT', 'INF_ERR_MODEL_FAILED', 'ok']);
    expect(slow.state).toBe('failed');
    await expect(slow.run(x(1))).rejects.toMatchObject({ code: 'INF_ERR_MODEL_FAILED', category: 'UNAVAILABLE' });
    expect(neighbour.state).toBe('ready');
  });

  it('ends a worker that was given up once it comes back from native code', async () => {
    const clock = new ManualClock();
    let given: Worker | undefined;
    const entry = new URL('./host/worker-entry.js', import.meta.url);
    const runner = await open(
      factoryWith(clock, { runTimeoutMs: 5_000 }, () =>
        linkOf((given = new Worker(entry, { workerData: { niceness: 0 } }))),
      ),
      'slow',
    );
    const gone = new Promise((resolve) => given!.once('exit', resolve));
    const run = settled([runner.run(x(1))]);
    await new Promise(setImmediate);
    clock.advance(5_000);
    expect(await run).toEqual(['INF_ERR_RUN_TIMEOUT']);
    given!.ref();
    expect(await gone).toBe(0);
  });

  it('kills and replaces a process whose run passes its limit', async () => {
    const clock = new ManualClock();
    const runner = await open(factoryWith(clock, { runTimeoutMs: 5_000 }), 'slow', 'process');
    const run = settled([runner.run(x(1))]);
    await new Promise(setImmediate);
    clock.advance(5_000);
    expect(await run).toEqual(['INF_ERR_RUN_TIMEOUT']);
    expect(runner.state).toBe('ready');
    expect([...(await runner.run(x(9)))['y']!.data]).toEqual([9]);
  });

  it('replaces a process that was killed from outside', async () => {
    const links: HostLink[] = [];
    const processes = (): HostLink => {
      const link = processLink();
      links.push(link);
      return link;
    };
    const runner = await open(factoryWith(new ManualClock(), {}, workerLink, processes), 'slow', 'process');
    const run = settled([runner.run(x(1))]);
    links[0]!.abandon();
    expect(await run).toEqual(['INF_ERR_RUNNER_EXIT']);
    expect([...(await runner.run(x(9)))['y']!.data]).toEqual([9]);
  });

  it('gives up a model that will not load into the replacing worker, once', async () => {
    let starts = 0;
    const flaky = (): HostLink =>
      starts++ === 0 ? mortalWorker() : linkOf(new Worker('process.exit(3)', { eval: true }));
    const runner = await open(factoryWith(new ManualClock(), {}, flaky), 'variable-width');
    expect(await settled([runner.run(x(DEADLY)), runner.run(x(1))])).toEqual([
      'INF_ERR_RUNNER_EXIT',
      'INF_ERR_MODEL_FAILED',
    ]);
    expect(runner.state).toBe('failed');
    expect(starts).toBe(2);
  });

  it('gives up waiting when closing takes too long, and fails what was left', async () => {
    const clock = new ManualClock();
    const factory = factoryWith(clock, {});
    const runner = await open(factory, 'slow');
    const runs = settled([runner.run(x(1)), runner.run(x(2))]);
    const closed = factory.close(1_000);
    await new Promise(setImmediate);
    clock.advance(1_000);
    await closed;
    expect(await runs).toEqual(['INF_ERR_MODEL_CLOSED', 'INF_ERR_MODEL_CLOSED']);
  });
});
