import { Frame } from '@witan/core/frame';
import { ManualClock, ModelShelf } from '@witan-libs/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OpenRunnerOptions, RunnerFactory } from '../runner/runner-factory.js';
import type { Runner } from '../runner/runner.js';
import type { ModelConfig } from './model-config.js';
import { ModelRepository } from './model-repository.js';
import { SILENT } from './repository-log.js';
import type { VersionHandle } from './version-handle.js';

const MAX_MODELS = 2;
const NAMES = ['a', 'b', 'c'] as const;
const FIXTURES = ['identity-f32', 'variable-width', 'no-such-file'] as const;
const row = Frame.fromColumns({ a: Float32Array.of(1), b: Float32Array.of(2), c: Float32Array.of(3) });

/** Knows every runner that was ever opened. */
class KnownRunners extends RunnerFactory {
  readonly all: Runner[] = [];

  override async open(options: OpenRunnerOptions): Promise<Runner> {
    const runner = await super.open(options);
    this.all.push(runner);
    return runner;
  }
}

type Name = (typeof NAMES)[number];
type Order =
  | { readonly kind: 'put'; readonly name: Name; readonly version: string; readonly fixture: string }
  | {
      readonly kind: 'remove' | 'break' | 'mend' | 'alias' | 'useVersion';
      readonly name: Name;
      readonly version: string;
    }
  | { readonly kind: 'load' | 'unload' | 'rollback' | 'unpin'; readonly name: Name };
type Step = Order | { readonly kind: 'use'; readonly name: Name } | { readonly kind: 'refresh' | 'wait' | 'turn' };

const name = fc.constantFrom(...NAMES);
const version = fc.constantFrom('1', '2', '3');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('put' as const), name, version, fixture: fc.constantFrom(...FIXTURES) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('remove', 'break', 'mend', 'alias', 'useVersion'), name, version }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('use' as const), name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('load', 'unload', 'rollback', 'unpin'), name }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('refresh', 'wait', 'turn') }) },
);

/** A repository of three lazy models of which two may be loaded, and everything that happens to it. */
class Session {
  readonly clock = new ManualClock({ turns: 'event-loop' });
  readonly runners = new KnownRunners({ trusted: true, execution: 'inline' }, { clock: this.clock });
  readonly repository = new ModelRepository({
    options: { loaded: { maxModels: MAX_MODELS } },
    runners: this.runners,
    clock: this.clock,
    log: SILENT,
  });
  readonly failed: unknown[] = [];
  private readonly shelves = new Map<Name, ModelShelf<ModelConfig>>();
  private readonly handles = new Map<Name, VersionHandle>();
  private readonly pending: Promise<unknown>[] = [];

  async begin(): Promise<void> {
    for (const each of NAMES) {
      const shelf = new ModelShelf<ModelConfig>(each, { ignored: [] }).put('1', 'identity-f32');
      this.shelves.set(each, shelf);
      this.handles.set(each, await this.repository.add({ name: each, lazy: true }, shelf));
    }
  }

  async take(each: Step, wait: boolean): Promise<void> {
    const doing = this.perform(each);
    this.pending.push(doing);
    if (wait) await this.until(doing);
  }

  /** Time goes on meanwhile: some wait for room. */
  private async until(doing: Promise<unknown>): Promise<void> {
    let isOver = false;
    void doing.finally(() => (isOver = true));
    while (!isOver) {
      this.clock.advance(20);
      await new Promise(setImmediate);
    }
  }

  /** Everything that was begun has ended. */
  async rest(): Promise<void> {
    await this.until(Promise.all(this.pending));
    const isMoving = (): boolean =>
      this.repository.describeAll().some(({ versions }) => versions.some(({ state }) => /ING$/.test(state)));
    do {
      this.clock.advance(20);
      await new Promise(setImmediate);
    } while (isMoving());
  }

  private async perform(each: Step): Promise<void> {
    if (each.kind === 'refresh') return this.repository.refresh();
    if (each.kind === 'wait') return this.clock.advance(120_000);
    if (each.kind === 'turn') return new Promise((resolve) => void setImmediate(resolve));
    if (each.kind === 'use') return this.ask(each.name);
    // What may be refused is refused by a rejection, and by nothing else.
    await this.order(each as Order).catch(() => undefined);
  }

  private async order(each: Order): Promise<unknown> {
    const { repository } = this;
    const shelf = this.shelves.get(each.name)!;
    switch (each.kind) {
      case 'put':
        return shelf.put(each.version, each.fixture);
      case 'remove':
        return shelf.remove(each.version);
      case 'break':
        return shelf.breakFetch(each.version, new Error('broken'));
      case 'mend':
        return shelf.breakFetch(each.version, undefined);
      case 'alias':
        return repository.setAlias(each.name, 'canary', each.version);
      case 'useVersion':
        return (await repository.use(each.name, each.version)).run(row);
      case 'load':
        return repository.load(each.name);
      case 'unload':
        return repository.unload(each.name);
      case 'rollback':
        return repository.rollback(each.name);
      case 'unpin':
        return repository.unpin(each.name);
    }
  }

  /** A request for a model that has a ready version must be answered, whatever happens next. */
  private async ask(model: Name): Promise<void> {
    const wasReady = this.repository.served(model) !== undefined;
    const answer = await this.handles
      .get(model)!
      .run(row)
      .catch((error: unknown) => error);
    if (wasReady && !(answer instanceof Frame)) this.failed.push(answer);
  }
}

describe('any sequence of changes, requests, orders and failures', () => {
  it('fails no request for a model that is ready, keeps to its limit, and leaves no runner behind', async () => {
    const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 5, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const session = new Session();
        await session.begin();
        for (const [each, wait] of taken) await session.take(each, wait);
        await session.rest();
        const { repository, runners } = session;
        const versions = repository.describeAll().flatMap((model) => model.versions);
        const ready = versions.filter(({ state }) => state === 'READY').length;
        expect(session.failed).toEqual([]);
        expect(runners.all.filter(({ state }) => state === 'ready')).toHaveLength(ready);
        expect(ready).toBeLessThanOrEqual(MAX_MODELS);
        await repository.close();
        expect(runners.all.filter(({ state }) => state !== 'closed')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
