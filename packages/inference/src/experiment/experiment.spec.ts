import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import {
  type AccessOptions,
  BatchContext,
  Column,
  Context,
  Frame,
  Handler,
  type KeptCall,
  type ModelUse,
  RECORD_KEEPER,
  type RecordPoint,
  Schema,
  Service,
  type WitanApplication,
  WitanFactory,
} from '@witan/core';
import { fixtureModel, ManualClock } from '@witan-libs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelControlModule } from '../control/model-control.module.js';
import { Model } from '../model/model.js';
import { ModelModule } from '../module/model.module.js';
import { ModelRegistry } from '../module/model-registry.js';
import { ModelServicesModule } from '../serving/model-services.module.js';
import type { ExperimentJson } from './control/experiment-json.js';
import { Experiment, UseExperiment } from './experiment.decorators.js';
import { ExperimentModule } from './experiment.module.js';
import type { ExperimentOptions } from './experiment-options.js';
import { exposureChannel, type ExposureEvent } from './exposure-channel.js';
import type { ExperimentSummary } from './outcomes/summary.js';
import { shadowChannel, type ShadowEvent } from './shadow/shadow-channel.js';

@Schema()
class Row {
  @Column('f32', { shape: [3] }) x!: Float32Array;
}
@Schema()
class Keyed {
  @Column('utf8') user!: string;
  @Column('f32', { shape: [3] }) x!: Float32Array;
}
@Schema()
class Wide {
  @Column('f32', { shape: [4] }) x!: Float32Array;
}
@Schema()
class Doubled {
  @Column('f32', { shape: [3] }) y!: Float32Array;
}

interface Body extends ExperimentJson, Omit<ExperimentSummary, 'variants'> {
  readonly records: { y: number[] }[];
  readonly error: { code: string; message: string };
  readonly counted: number;
}

/** y = x, and y = 2 x. */
const FILES = {
  'm/1/model.onnx': 'identity-f32',
  'm/2/model.onnx': 'variable-width',
  'm/3/model.onnx': 'identity-f32',
};
const HALVES = { control: 'm@1', double: { model: 'm@2', weight: 0.5 } };
const ROW = [{ x: [1, 2, 3] }];

describe('experiments', () => {
  let store: string;
  let clock: ManualClock;
  const open: { close(): Promise<unknown> }[] = [];
  const listening: (() => void)[] = [];
  beforeEach(async () => {
    clock = new ManualClock({ turns: 'event-loop' });
    store = await mkdtemp(join(tmpdir(), 'witan-experiments-'));
    for (const [path, fixture] of Object.entries(FILES)) {
      await mkdir(dirname(join(store, path)), { recursive: true });
      await cp(fixtureModel(fixture), join(store, path));
    }
  });
  afterEach(async () => {
    for (const stop of listening.splice(0)) stop();
    await Promise.all(open.splice(0).map((app) => app.close()));
    await rm(store, { recursive: true });
  });

  interface Setting {
    readonly experiments?: Record<string, ExperimentOptions>;
    readonly service?: Type;
    readonly access?: AccessOptions;
    readonly providers?: NonNullable<DynamicModule['providers']>;
    readonly stateFile?: string;
  }

  async function serve(setting: Setting) {
    const { experiments = {}, service, access = { modelControl: true }, providers = [], stateFile } = setting;
    const models = ModelModule.forRoot({
      store,
      serve: 'all',
      // Time stands still here: nothing may wait for a timer.
      runners: { trusted: true, execution: 'inline' },
      batch: { coalesce: 'off' },
      ...(stateFile !== undefined && { stateFile }),
    });
    @Module({
      imports: [models, ExperimentModule.forRoot({ experiments }), ModelServicesModule, ModelControlModule],
      providers: [...(service ? [service] : []), ...providers],
    })
    class App {}
    const app = await WitanFactory.create(App, { logger: false, abortOnError: false, witan: { access, clock } });
    open.push(app);
    await app.init();
    return { app, call: caller(app), to: (url: string) => sender(app, url) };
  }

  function caller(app: WitanApplication) {
    return async (method: 'GET' | 'POST' | 'PATCH', url: string, payload?: unknown) => {
      const answer = await app.inject({ method, url, ...(payload !== undefined && { payload: payload as object }) });
      return { status: answer.statusCode, body: answer.json<Body>() };
    };
  }

  function sender(app: WitanApplication, url: string) {
    return async (headers: Record<string, string> = {}, payload: object[] = ROW) => {
      const answer = await app.inject({ method: 'POST', url, headers, payload });
      const body = answer.json<Body>();
      const factor = body.records && body.records[0]!.y[2]! / 3;
      return { status: answer.statusCode, factor, body, variant: answer.headers['x-witan-variant'] };
    };
  }

  function listen<T>(channel: typeof exposureChannel): T[] {
    const events: T[] = [];
    const add = (event: unknown): void => void events.push(event as T);
    channel.subscribe(add);
    listening.push(() => channel.unsubscribe(add));
    return events;
  }

  /** Lets shadows have their turn. */
  async function later(ms = 2): Promise<void> {
    for (let i = 0; i < 5; i++) {
      clock.advance(ms);
      for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
    }
  }

  const byUser = (user: string) => ({ 'x-user': user });

  describe('on a handler', () => {
    function serviceOf(batch: boolean, key = 'header:x-user', options: Partial<ExperimentOptions> = {}): Type {
      const runs: number[][] = [];
      const schema = key.startsWith('column') ? Keyed : Row;
      @Service('doubling')
      class Doubling {
        static readonly runs = runs;

        @Experiment('doubling-test', { variants: HALVES, key, ...options })
        @Handler({ in: schema, out: Doubled, ...(batch && { batch: { maxRows: 64, coalesce: 'off' } }) } as never)
        run(
          frame: Frame,
          context: Context | BatchContext,
          @UseExperiment('doubling-test', { bind: false }) model: Model,
        ) {
          runs.push([frame.rows, Number(model.version)]);
          return model.run(frame.select(['x']), { context });
        }
      }
      return Doubling;
    }

    it.each([false, true])('each key keeps its variant, on rows of its own model only (batched: %s)', async (batch) => {
      const service = serviceOf(batch);
      const { to } = await serve({ service });
      const send = to('/doubling');
      const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
      const first = await Promise.all(users.map((user) => send(byUser(user))));
      const again = await Promise.all(users.map((user) => send(byUser(user))));
      expect(first.map(({ status }) => status)).toEqual(users.map(() => 200));
      expect(again.map(({ factor }) => factor)).toEqual(first.map(({ factor }) => factor));
      const doubled = first.filter(({ factor }) => factor === 2).length;
      expect(doubled).toBeGreaterThan(8);
      expect(doubled).toBeLessThan(32);
      const { runs } = service as unknown as { runs: [number, number][] };
      if (!batch) return;
      // Far fewer runs than requests: what goes to the same model is joined.
      expect(runs.length).toBeLessThan(40);
      const rowsOn = (version: number): number =>
        runs.filter(([, of]) => of === version).reduce((sum, [rows]) => sum + rows, 0);
      expect([rowsOn(1), rowsOn(2)]).toEqual([2 * (40 - doubled), 2 * doubled]);
    });

    it.each([false, true])('the key may stand in the first row (batched: %s)', async (batch) => {
      const { to, call } = await serve({ service: serviceOf(batch, 'column:user') });
      const send = (user: string, second = user) =>
        to('/doubling')({}, [
          { user, x: [1, 2, 3] },
          { user: second, x: [1, 2, 3] },
        ]);
      const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
      const alone = await Promise.all(users.map((user) => send(user)));
      const mixed = await Promise.all(users.map((user, i) => send(user, users[(i + 1) % 20])));
      expect(mixed.map(({ factor }) => factor)).toEqual(alone.map(({ factor }) => factor));
      expect(new Set(alone.map(({ factor }) => factor))).toEqual(new Set([1, 2]));
      expect((await call('GET', '/experiments/doubling-test')).body.remembered.keys).toBe(20);
    });

    it('a request is counted once, however many batches it runs in, also after its batch failed for another', async () => {
      const events = listen<ExposureEvent>(exposureChannel);
      @Service('doubling')
      class Doubling {
        @Experiment('e', { variants: { control: 'm@1' }, key: 'header:x-user' })
        @Handler({ in: Row, out: Doubled, batch: { maxRows: 4, coalesce: 'off' } })
        async run(frame: Frame<Row>, @UseExperiment('e') model: Model) {
          const isPoisoned = frame.columns.get('x')!.numbers().includes(-1);
          // Tensors that are no tensors: their run fails.
          if (isPoisoned) await model.runTensors({ x: { dtype: 'f32', dims: [7, 3], data: new Float32Array(3) } });
          return model.run(frame);
        }
      }
      const { to, call } = await serve({ service: Doubling });
      const rows = (count: number, value: number) => Array.from({ length: count }, () => ({ x: [value, 2, 3] }));
      expect((await to('/doubling')({ 'x-request-id': 'long' }, rows(10, 1))).status).toBe(200);
      const variant = async () => (await call('GET', '/experiments/e')).body.variants[0];
      expect(await variant()).toMatchObject({ requests: 1, rows: 10, errors: 0 });
      const send = (id: string, value: number) => to('/doubling')({ 'x-request-id': id }, rows(1, value));
      const answers = await Promise.all([send('a', 1), send('bad', -1), send('b', 1), send('c', 1), send('d', 1)]);
      expect(answers.map(({ status }) => status === 200)).toEqual([true, false, true, true, true]);
      expect(await variant()).toMatchObject({ requests: 6, rows: 14, errors: 1 });
      expect(events.map(({ requestId }) => requestId).sort()).toEqual(['a', 'b', 'bad', 'c', 'd', 'long']);
    });

    it("requests know their variant, before and after their model's run", async () => {
      const seen: (readonly ModelUse[])[] = [];
      @Service('doubling')
      class Doubling {
        @Experiment('e', { variants: { control: 'm@1', double: { model: 'm@latest', weight: 1 } } })
        @Handler({ in: Row })
        async run(frame: Frame<Row>, context: Context, @UseExperiment('e') model: Model) {
          const answer = await model.run(frame, { context });
          seen.push(context.models);
          return answer;
        }
      }
      const { to } = await serve({ service: Doubling });
      await to('/doubling')();
      expect(seen).toEqual([[{ model: 'm', version: '3', experiment: 'e', variant: 'double' }]]);
    });

    it("ends the boot where a variant does not fit the handler's schema", async () => {
      @Service('doubling')
      class Doubling {
        @Experiment('e', { variants: HALVES })
        @Handler({ in: Wide, out: Doubled })
        run(frame: Frame<Wide>, @UseExperiment('e') model: Model) {
          return model.run(frame);
        }
      }
      await expect(serve({ service: Doubling })).rejects.toMatchObject({ code: 'INF_ERR_MAPPING' });
    });

    it('ends the boot where nobody has declared it', async () => {
      @Service('doubling')
      class Doubling {
        @Handler({ in: Row })
        run(frame: Frame<Row>, @UseExperiment('nobody') model: Model) {
          return model.run(frame);
        }
      }
      await expect(serve({ service: Doubling })).rejects.toMatchObject({ code: 'INF_ERR_EXPERIMENT_UNKNOWN' });
    });
  });

  describe('as the name of a model', () => {
    const SAME = { control: 'm@1', other: { model: 'm@3', weight: 0.5 } };

    it('have a typed service, which tells the variant where it is to be revealed', async () => {
      const { to } = await serve({ experiments: { ab: { variants: SAME, key: 'header:x-user', reveal: true } } });
      const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => to('/predictions/ab')(byUser(`u${i}`))));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(new Set(answers.map(({ variant }) => variant))).toEqual(new Set(['control', 'other']));
    });

    it('a variant of another shape is answered by the control', async () => {
      const { to, call } = await serve({
        experiments: { ab: { variants: { control: 'm@1', wide: { model: 'm@2', weight: 1 } } } },
      });
      expect(await to('/predictions/ab')()).toMatchObject({ status: 200, factor: 1 });
      const { variants } = (await call('GET', '/experiments/ab')).body;
      expect(variants).toMatchObject([
        { name: 'control', requests: 1, rows: 1 },
        { name: 'wide', requests: 0, fallbacks: 1 },
      ]);
    });

    it('a variant that is unloaded is answered by the control, and by itself once it is back', async () => {
      const { app, to, call } = await serve({
        experiments: { ab: { variants: { control: 'm@1', other: { model: 'm@3', weight: 1 } }, reveal: true } },
      });
      await app.nest.get(ModelRegistry).unload('m', '3');
      expect(await to('/predictions/ab')()).toMatchObject({ status: 200, variant: 'control' });
      await app.nest.get(ModelRegistry).load('m', { version: '3' });
      expect(await to('/predictions/ab')()).toMatchObject({ status: 200, variant: 'other' });
      expect((await call('GET', '/experiments/ab')).body.variants[1]).toMatchObject({ fallbacks: 1, requests: 1 });
    });

    it('the header chooses the variant only where that is allowed, and it is said', async () => {
      const events = listen<ExposureEvent>(exposureChannel);
      const { to } = await serve({
        experiments: {
          free: { variants: SAME, key: 'header:x-user', allowForced: true, reveal: true },
          fixed: { variants: { control: 'm@1', other: { model: 'm@3', weight: 0 } }, reveal: true },
        },
      });
      const forced = { 'x-witan-variant': 'other', 'x-user': 'anna' };
      expect(await to('/predictions/free')(forced)).toMatchObject({ variant: 'other' });
      expect(await to('/predictions/fixed')(forced)).toMatchObject({ variant: 'control' });
      expect(events.map(({ experiment, variant, forced: by }) => [experiment, variant, by])).toEqual([
        ['free', 'other', true],
        ['fixed', 'control', false],
      ]);
      const unknown = await to('/predictions/free')({ 'x-witan-variant': 'x'.repeat(5_000) });
      expect(unknown).toMatchObject({ status: 400, body: { error: { code: 'INF_ERR_EXPERIMENT_VARIANT' } } });
      expect(unknown.body.error.message.length).toBeLessThan(300);
    });

    it('a request without key goes by its id, or to the control', async () => {
      const { to, call } = await serve({
        experiments: {
          id: { variants: SAME, key: 'header:x-user' },
          control: { variants: SAME, key: 'header:x-user', missingKey: 'control', reveal: true },
        },
      });
      const ids = Array.from({ length: 30 }, (_, i) => ({ 'x-request-id': `r${i}` }));
      for (const id of ids) await to('/predictions/id')(id);
      const toControl = await Promise.all(ids.map((id) => to('/predictions/control')(id)));
      const { variants } = (await call('GET', '/experiments/id')).body;
      expect(Math.min(...variants.map(({ requests }) => requests))).toBeGreaterThan(3);
      expect(toControl.every(({ variant }) => variant === 'control')).toBe(true);
      expect((await call('GET', '/experiments/control')).body).toMatchObject({
        unassigned: 30,
        remembered: { requests: 0 },
      });
    });

    it('the key may be a query parameter, which the description names', async () => {
      const { to, call } = await serve({ experiments: { ab: { variants: SAME, key: 'param:user', reveal: true } } });
      const users = Array.from({ length: 20 }, (_, i) => `user-${i}`);
      const variants = async (): Promise<unknown[]> =>
        Promise.all(users.map(async (user) => (await to(`/predictions/ab?user=${user}`)()).variant));
      const first = await variants();
      expect(new Set(first)).toEqual(new Set(['control', 'other']));
      expect(await variants()).toEqual(first);
      expect(JSON.stringify((await call('GET', '/openapi.json')).body)).toContain('experiment ab');
    });

    it('keys of any size cost little, and what follows their first 1024 characters does not count', async () => {
      const { to, call } = await serve({ experiments: { ab: { variants: SAME, key: 'header:x-user', reveal: true } } });
      const huge = 'k'.repeat(6_000);
      const [one, other] = [await to('/predictions/ab')(byUser(huge)), await to('/predictions/ab')(byUser(`${huge}x`))];
      expect([one.status, one.variant]).toEqual([200, other.variant]);
      expect((await call('GET', '/experiments/ab')).body.remembered.keys).toBe(1);
    });

    it('exposures tell a hash of the key, or the key where they may', async () => {
      const events = listen<ExposureEvent>(exposureChannel);
      const { to } = await serve({
        experiments: {
          hashed: { variants: SAME, key: 'header:x-user' },
          plain: { variants: SAME, key: 'header:x-user', exposedKey: 'plain' },
        },
      });
      await to('/predictions/hashed')({ ...byUser('anna'), 'x-request-id': 'r1' });
      await to('/predictions/plain')(byUser('anna'));
      expect(events[0]).toMatchObject({
        experiment: 'hashed',
        requestId: 'r1',
        key: expect.stringMatching(/^[0-9a-f]{16}$/),
        sticky: true,
        model: 'm',
        epochMs: clock.epochMs(),
      });
      expect(events[1]!.key).toBe('anna');
    });
  });

  describe('while they run', () => {
    const SAME = { control: 'm@1', other: { model: 'm@3', weight: 0.1 } };
    const AB = { ab: { variants: SAME, key: 'header:x-user', reveal: true } };
    const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);

    it('weights change at once: those who had the other variant keep it while it grows', async () => {
      const { to, call } = await serve({ experiments: AB });
      const variants = async (): Promise<unknown[]> =>
        Promise.all(users.map(async (user) => (await to('/predictions/ab')(byUser(user))).variant));
      const before = await variants();
      const changed = await call('PATCH', '/experiments/ab', { weights: { other: 0.6 } });
      expect(changed).toMatchObject({ status: 200, body: { variants: [{ weight: 0.4 }, { weight: 0.6 }] } });
      const after = await variants();
      before.forEach((variant, i) => variant === 'other' && expect(after[i]).toBe('other'));
      expect(after.filter((variant) => variant === 'other').length).toBeGreaterThan(24);
    });

    it('are switched off, all to the control, also what is forced', async () => {
      const { to, call } = await serve({
        experiments: {
          ab: { variants: { control: 'm@1', other: { model: 'm@3', weight: 1 } }, allowForced: true, reveal: true },
        },
      });
      expect((await to('/predictions/ab')()).variant).toBe('other');
      await call('PATCH', '/experiments/ab', { killed: true });
      expect((await to('/predictions/ab')({ 'x-witan-variant': 'other' })).variant).toBe('control');
      await call('PATCH', '/experiments/ab', { killed: false });
      expect((await to('/predictions/ab')()).variant).toBe('other');
    });

    it('a ramp follows the clock', async () => {
      const { to, call } = await serve({ experiments: AB });
      const start = new Date(clock.epochMs()).toISOString();
      await call('PATCH', '/experiments/ab', { ramp: { variant: 'other', from: 0, to: 1, start, durationMs: 1_000 } });
      const others = async (): Promise<number> =>
        (await Promise.all(users.map((user) => to('/predictions/ab')(byUser(user))))).filter(
          ({ variant }) => variant === 'other',
        ).length;
      const counts = [await others()];
      for (let i = 0; i < 2; i++) {
        clock.advance(500);
        counts.push(await others());
      }
      expect(counts[0]).toBe(0);
      expect(counts[1]).toBeGreaterThan(15);
      expect(counts[1]).toBeLessThan(45);
      expect(counts[2]).toBe(60);
    });

    it('what was changed is kept in the state file', async () => {
      const stateFile = join(store, 'state', 'models.json');
      const first = await serve({ experiments: AB, stateFile });
      await first.app.nest.get(ModelRegistry).setAlias('m', 'champion', '1');
      await first.call('PATCH', '/experiments/ab', { weights: { other: 0.25 }, killed: true });
      await Promise.all(open.splice(0).map((app) => app.close()));
      expect(JSON.parse(await readFile(stateFile, 'utf8'))).toMatchObject({ experiments: { ab: { killed: true } } });
      const second = await serve({ experiments: AB, stateFile });
      const { body } = await second.call('GET', '/experiments/ab');
      expect(body).toMatchObject({ killed: true, variants: [{ weight: 0.75 }, { weight: 0.25 }] });
      expect((await second.call('GET', '/models/m')).body).toMatchObject({ aliases: { champion: '1' } });
    });

    it('changes that make no sense are refused, and nothing changes', async () => {
      const { call } = await serve({ experiments: AB });
      const refused: [string, unknown, string][] = [
        ['no JSON', 'nope', 'INF_ERR_EXPERIMENT_BODY'],
        ['a list', [], 'INF_ERR_EXPERIMENT_BODY'],
        ['a strange key', { weight: 1 }, 'INF_ERR_EXPERIMENT_BODY'],
        ['killed as text', { killed: 'yes' }, 'INF_ERR_EXPERIMENT_BODY'],
        ['too much', { weights: { other: 1.5 } }, 'INF_ERR_EXPERIMENT_OPTIONS'],
        ['an unknown variant', { weights: { nobody: 0.5 } }, 'INF_ERR_EXPERIMENT_VARIANT'],
        ['a ramp without an end', { ramp: { variant: 'other', to: 0.5 } }, 'INF_ERR_EXPERIMENT_OPTIONS'],
      ];
      for (const [what, payload, code] of refused) {
        const answer = await call('PATCH', '/experiments/ab', payload);
        expect(answer, what).toMatchObject({ status: 400, body: { error: { code } } });
      }
      expect((await call('GET', '/experiments/ab')).body.variants[1]!.weight).toBeCloseTo(0.1);
    });

    it('may be read by all, and changed only where the models may', async () => {
      const { call } = await serve({ experiments: AB, access: {} });
      expect((await call('GET', '/experiments')).status).toBe(200);
      expect((await call('PATCH', '/experiments/ab', { killed: true })).body.error.code).toBe(
        'CORE_ERR_ACCESS_CONTROL',
      );
      expect(await call('GET', '/experiments/nobody')).toMatchObject({ status: 404 });
      const text = JSON.stringify((await call('GET', '/openapi.json')).body);
      expect(text).toContain('/experiments/{experiment}/summary');
    });

    it('take outcomes, and sum them up', async () => {
      const { to, call } = await serve({
        experiments: {
          ab: {
            variants: { control: 'm@1', other: { model: 'm@3', weight: 0.5 } },
            key: 'header:x-user',
            reveal: true,
          },
        },
      });
      const outcomes: object[] = [];
      for (const user of users) {
        const { variant } = await to('/predictions/ab')(byUser(user));
        outcomes.push({ key: user, metric: 'bought', value: variant === 'other' });
        outcomes.push({
          key: user,
          metric: 'spent',
          value: variant === 'other' ? 20 + outcomes.length : outcomes.length,
        });
      }
      outcomes.push({ requestId: 'never-seen', metric: 'bought' });
      const counted = await call('POST', '/experiments/ab/outcomes', outcomes);
      expect(counted.body).toEqual({ counted: 120, duplicate: 0, unknown: 1 });
      const { status, body } = await call('GET', '/experiments/ab/summary?confidence=0.99');
      expect(status).toBe(200);
      const others = body.variants as unknown as ExperimentSummary['variants'];
      expect(others['control']!.units + others['other']!.units).toBe(60);
      expect(others['other']!.metrics['bought']).toMatchObject({ kind: 'rate', value: 1, high: 1 });
      const { bought, spent } = body.differences['other']!;
      expect(bought!.low).toBeGreaterThan(0.5);
      expect(spent).toMatchObject({ p: expect.any(Number), df: expect.any(Number) });
      expect(body.sampleRatio.ok).toBe(true);
    });

    it('outcomes that make no sense are refused', async () => {
      const { call } = await serve({ experiments: AB });
      const refused: [string, unknown][] = [
        ['nothing', undefined],
        ['no object', [1]],
        ['both ids', { requestId: 'a', key: 'b', metric: 'm' }],
        ['no id', { metric: 'm' }],
        ['a huge id', { key: 'k'.repeat(2_000), metric: 'm' }],
        ['no metric', { key: 'k' }],
        ['a value that is text', { key: 'k', metric: 'm', value: '1' }],
        ['a value whose square is no number', { key: 'k', metric: 'm', value: -1e200 }],
        ['too many', Array.from({ length: 1_001 }, () => ({ key: 'k', metric: 'm' }))],
      ];
      for (const [what, payload] of refused) {
        const { status, body } = await call('POST', '/experiments/ab/outcomes', payload);
        expect([status, body.error.code], what).toEqual([400, 'INF_ERR_EXPERIMENT_BODY']);
      }
    });

    it('give a record of every exposure to the sink that they name, and the answer waits for it', async () => {
      const calls: KeptCall[] = [];
      const points: RecordPoint[] = [];
      let release: () => void = () => undefined;
      const held = new Promise<void>((done) => (release = done));
      const keeper = {
        provide: RECORD_KEEPER,
        useValue: {
          open: (point: RecordPoint) => {
            points.push(point);
            return { keep: (kept: KeptCall) => (calls.push(kept), held) };
          },
        },
      };
      const { to } = await serve({ experiments: { ab: { ...AB.ab, exposures: 'events' } }, providers: [keeper] });
      let answered = false;
      const answer = to('/predictions/ab')({ ...byUser('anna'), 'x-request-id': 'r1' }).then((given) => {
        answered = true;
        return given;
      });
      while (calls.length === 0) await new Promise((done) => setImmediate(done));
      for (let i = 0; i < 5; i++) await new Promise((done) => setImmediate(done));
      expect(answered).toBe(false);
      release();
      expect((await answer).status).toBe(200);
      expect(points).toMatchObject([{ name: 'experiment:ab', requests: [{ sink: 'events' }] }]);
      expect(calls[0]!.input.records()).toMatchObject([
        { experiment: 'ab', requestId: 'r1', sticky: true, forced: false },
      ]);
    });
  });

  describe('with shadows', () => {
    const shadowed = (options: Partial<ExperimentOptions> = {}): Record<string, ExperimentOptions> => ({
      ab: { variants: { control: 'm@1' }, shadow: ['m@3'], ...options },
    });

    it('copies are run after the answer, compared and told', async () => {
      const events = listen<ShadowEvent>(shadowChannel);
      const { to, call } = await serve({ experiments: shadowed() });
      const answer = await to('/predictions/ab')({ 'x-request-id': 'r1' });
      expect([answer.status, events.length]).toEqual([200, 0]);
      await later();
      expect(events).toMatchObject([
        {
          experiment: 'ab',
          shadow: 'm@3',
          variant: 'control',
          requestId: 'r1',
          outcome: 'compared',
          rows: 1,
          matched: 1,
        },
      ]);
      const { shadows } = (await call('GET', '/experiments/ab')).body;
      expect(shadows).toMatchObject([{ model: 'm@3', compared: 1, rows: 1, matchRate: 1, dropped: 0 }]);
    });

    it('a difference is measured, and nobody else sees it', async () => {
      @Service('rows')
      class Rows {
        @Experiment('e', { variants: { control: 'm@1' }, shadow: ['m@2'] })
        @Handler({ in: Row, out: Doubled, batch: { coalesce: 'off' } })
        run(frame: Frame<Row>, @UseExperiment('e') model: Model) {
          return model.run(frame);
        }
      }
      const { to, call } = await serve({ service: Rows });
      expect(await to('/rows')()).toMatchObject({ status: 200, factor: 1 });
      await later();
      const { shadows } = (await call('GET', '/experiments/e')).body;
      expect(shadows).toMatchObject([{ compared: 1, matchedRows: 0, matchRate: 0, maxDifference: 3 }]);
    });

    it('one that fails or is not there changes no answer', async () => {
      const events = listen<ShadowEvent>(shadowChannel);
      const { app, to } = await serve({ experiments: shadowed({ shadow: ['m@2', 'm@3'] }) });
      await app.nest.get(ModelRegistry).unload('m', '3');
      expect((await to('/predictions/ab')()).status).toBe(200);
      await later();
      expect(events.map(({ shadow, outcome }) => [shadow, outcome]).sort()).toEqual([
        ['m@2', 'failed'],
        ['m@3', 'unavailable'],
      ]);
    });

    it('what is too much is dropped and counted, the oldest first', async () => {
      const { to, call } = await serve({ experiments: shadowed({ shadowLimits: { maxQueue: 4 } }) });
      await Promise.all(Array.from({ length: 20 }, () => to('/predictions/ab')()));
      expect((await call('GET', '/experiments/ab')).body).toMatchObject({ shadowQueue: 4, shadows: [{ dropped: 16 }] });
      await later();
      expect((await call('GET', '/experiments/ab')).body).toMatchObject({ shadowQueue: 0, shadows: [{ compared: 4 }] });
    });

    it('are given their share of the requests', async () => {
      const { to, call } = await serve({ experiments: shadowed({ shadow: [{ model: 'm@3', sample: 0.25 }] }) });
      for (let i = 0; i < 20; i++) await to('/predictions/ab')();
      await later();
      expect((await call('GET', '/experiments/ab')).body.shadows).toMatchObject([{ compared: 5, sample: 0.25 }]);
    });
  });

  describe('end the boot', () => {
    it.each<[string, Record<string, ExperimentOptions>, string, RegExp]>([
      ['an unknown model', { e: { variants: { control: 'nobody' } } }, 'INF_ERR_EXPERIMENT_MODEL', /there are m/],
      [
        'an unknown version',
        { e: { variants: { control: 'm@1', b: 'm@9' } } },
        'INF_ERR_EXPERIMENT_MODEL',
        /there are 1, 2, 3/,
      ],
      [
        'an unknown shadow',
        { e: { variants: { control: 'm@1' }, shadow: ['m@9'] } },
        'INF_ERR_EXPERIMENT_MODEL',
        /shadow 'm@9'/,
      ],
      ['the name of a model', { m: { variants: { control: 'm@1' } } }, 'INF_ERR_EXPERIMENT_CONFLICT', /rename it/],
      [
        'a sink that nobody has',
        { e: { variants: { control: 'm@1' }, exposures: 's' } },
        'INF_ERR_EXPERIMENT_OPTIONS',
        /SinksModule/,
      ],
      [
        'bad weights',
        { e: { variants: { control: { model: 'm@1', weight: 0.2 } } } },
        'INF_ERR_EXPERIMENT_OPTIONS',
        /sum to 0.2/,
      ],
    ])('%s', async (_, experiments, code, text) => {
      await expect(serve({ experiments })).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
    });

    it('not for a variant that does not load: the control stands in', async () => {
      await mkdir(join(store, 'm/4'), { recursive: true });
      await writeFile(join(store, 'm/4/model.onnx'), 'junk');
      const { to } = await serve({
        experiments: { e: { variants: { control: 'm@1', broken: { model: 'm@4', weight: 1 } }, reveal: true } },
      });
      expect(await to('/predictions/e')()).toMatchObject({ status: 200, variant: 'control' });
    });
  });
});
