import { performance } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { WitanFactory } from '@witan/core';
import { ModelModule, ModelRegistry } from '@witan/inference';
import { announce } from '../../process/control.js';
import { portOf } from '../serve.js';

/** What a process with many models says of itself; milliseconds, but for the look-up's nanoseconds. */
export interface Thousand {
  readonly models: number;
  /** Main-thread time of one look at a store in which nothing changed: the longest of several. */
  readonly pollMs: number;
  /** From asking to the end of it. */
  readonly pollWallMs: number;
  readonly lookUpNs: number;
}

const POLLS = 20;
const LOOK_UPS = 1_000_000;

@Module({
  imports: [ModelModule.forRoot({ store: process.env['STORE']!, serve: 'all', loading: 'lazy' })],
})
class ThousandModule {}

const application = await WitanFactory.create(ThousandModule);
const { http, grpc } = await application.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
const registry = application.nest.get(ModelRegistry, { strict: false });

async function measure(): Promise<Thousand> {
  await registry.refresh();
  const polls: number[] = [];
  const walls: number[] = [];
  for (let i = 0; i < POLLS; i++) {
    const before = performance.eventLoopUtilization();
    const start = performance.now();
    await registry.refresh();
    walls.push(performance.now() - start);
    polls.push(performance.eventLoopUtilization(before).active);
  }
  return {
    models: registry.describeAll().length,
    pollMs: Math.max(...polls),
    pollWallMs: Math.max(...walls),
    lookUpNs: await lookUp(),
  };
}

/** Of a model that is loaded, among all that are known. */
async function lookUp(): Promise<number> {
  const names = registry
    .describeAll()
    .slice(0, 8)
    .map(({ name }) => name);
  for (const name of names) await registry.use(name);
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    for (let i = 0; i < LOOK_UPS; i++) registry.use(names[i & 7]!);
    best = Math.min(best, performance.now() - start);
  }
  return (best * 1e6) / LOOK_UPS;
}

announce({ http: portOf(http), grpc: portOf(grpc) }, measure);
