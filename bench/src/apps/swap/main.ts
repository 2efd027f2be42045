import { rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { type Frame, Handler, Service, WitanFactory } from '@witan/core';
import { Model, ModelModule, ModelRegistry, UseModel } from '@witan/inference';
import { announce } from '../../process/control.js';
import { portOf } from '../serve.js';
import { Reading, Score } from '../w1/reading.schema.js';

/** Versions that are kept in the store: the one that serves, and the one that takes over. */
const KEPT = 2;

const file = process.env['MODEL_FILE']!;
const store = await mkdtemp(join(tmpdir(), 'witan-bench-swap-'));
let version = 0;

/** The next version in the store, as it would be uploaded: in a folder of its own, whole. */
async function publish(): Promise<void> {
  const folder = join(store, 'model', String(++version));
  await mkdir(folder, { recursive: true });
  await copyFile(file, join(folder, 'model.onnx'));
  await rm(join(store, 'model', String(version - KEPT)), { recursive: true, force: true });
}

@Service('swap')
class SwapService {
  @Handler({ in: Reading, out: Score, batch: true })
  predict(readings: Frame<Reading>, @UseModel('model') model: Model) {
    return model.run(readings);
  }
}

await publish();

@Module({
  imports: [ModelModule.forRoot({ store }), ModelModule.forFeature({ name: 'model' })],
  providers: [SwapService],
})
class SwapModule {}

const application = await WitanFactory.create(SwapModule);
const { http, grpc } = await application.listen({ http: 0, grpc: 0, host: '127.0.0.1', banner: false });
const registry = application.nest.get(ModelRegistry, { strict: false });

/** Either lets a new version take over, or unloads the model and loads it again. Gives how long that took. */
async function once(): Promise<number> {
  const start = performance.now();
  if (process.env['WHAT'] === 'cycle') {
    await registry.unload('model');
    await registry.load('model');
  } else {
    await publish();
    await registry.refresh();
    const { defaultVersion } = registry.describe('model')!;
    if (defaultVersion !== String(version)) throw new Error(`${defaultVersion} answers, not ${version}`);
  }
  return performance.now() - start;
}

process.once('exit', () => rmSync(store, { recursive: true, force: true }));
announce({ http: portOf(http), grpc: portOf(grpc) }, once);
