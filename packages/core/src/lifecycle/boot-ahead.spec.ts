import { type DynamicModule, Injectable, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { BOOT_AHEAD, type ProvidedValues } from './boot-ahead.js';
import { WitanFactory } from './witan-factory.js';

const seen: unknown[] = [];

@Injectable()
class Slow {
  constructor() {
    seen.push('provider made');
  }
}

@Module({})
class SlowModule {
  static with(...steps: string[]): DynamicModule {
    return { module: SlowModule, providers: [Slow, { provide: 'steps', useValue: steps }] };
  }

  static async [BOOT_AHEAD](provided: ProvidedValues): Promise<void> {
    seen.push(await provided('steps'));
  }
}

@Module({ imports: [SlowModule.with('a'), SlowModule.with('b', 'c')] })
class App {}

describe('a module that begins at boot', () => {
  it('is told once, with all that its imports were given, before any provider is made', async () => {
    const app = await WitanFactory.create(App, { abortOnError: false });
    await app.init();
    await app.close();
    expect(seen[0]).toEqual([['a'], ['b', 'c']]);
    expect(seen.slice(1)).toEqual(['provider made', 'provider made']);
  });
});
