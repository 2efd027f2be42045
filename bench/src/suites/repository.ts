import { linkSync, mkdirSync, mkdtempSync, rmSync, copyFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Thousand } from '../apps/thousand/main.js';
import { compareValues, interleave } from '../measure/rounds.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { W1_MODEL } from '../workloads/w1.js';
import type { Suite } from './suite.js';

const SUITE = 'repository';
const MANY = 1000;
const FEW = 10;
const VERSIONS = 2;

interface Seen extends Thousand {
  readonly startMs: number;
}

/** A store of a thousand models that are loaded when they are used, beside one of ten. */
export const repository: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const folder = mkdtempSync(join(tmpdir(), 'witan-bench-store-'));
    try {
      const stores = { many: storeOf(folder, MANY), few: storeOf(folder, FEW) };
      const { many, few } = await interleave(Math.ceil(effort.rounds / 3), {
        many: () => start(stores.many),
        few: () => start(stores.few),
      });
      return { figures: figures(many, few) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Models with two versions each; every tenth has a configuration. */
function storeOf(folder: string, models: number): string {
  const store = join(folder, String(models));
  mkdirSync(store);
  const file = join(folder, `${models}.onnx`);
  copyFileSync(W1_MODEL, file);
  for (let model = 0; model < models; model++) {
    const own = join(store, `model-${model}`);
    for (let version = 1; version <= VERSIONS; version++) {
      mkdirSync(join(own, String(version)), { recursive: true });
      linkSync(file, join(own, String(version), 'model.onnx'));
    }
    if (model % 10 === 0) writeFileSync(join(own, 'config.pbtxt'), 'max_batch_size: 32\n');
  }
  return store;
}

async function start(store: string): Promise<Seen> {
  const began = performance.now();
  return withServers({ server: { script: 'apps/thousand/main', env: { STORE: store } } }, async ({ server }) => {
    const startMs = performance.now() - began;
    return { startMs, ...((await server.ask('measure')) as Thousand) };
  });
}

function figures(many: readonly Seen[], few: readonly Seen[]): Figure[] {
  const named = (name: string, unit = 'ms') => ({ suite: SUITE, name: `${MANY} models, ${name}`, unit });
  const of = (quantity: (one: Seen) => number) => many.map(quantity);
  const beside = (quantity: (one: Seen) => number) => compareValues(of(quantity), few.map(quantity));
  return [
    plainFigure(named('models known', ''), median(of(({ models }) => models))),
    plainFigure(
      named('start of the process until it listens'),
      median(of(({ startMs }) => startMs)),
      atMost(3000, 'value'),
    ),
    plainFigure(
      named('main-thread time of a poll, the longest of 20'),
      median(of(({ pollMs }) => pollMs)),
      atMost(50, 'value'),
    ),
    plainFigure(named('length of a poll, the longest of 20'), median(of(({ pollWallMs }) => pollWallMs))),
    ratioFigure(
      named('look-up of a loaded model', 'ns'),
      `${FEW} models`,
      beside(({ lookUpNs }) => lookUpNs),
      atMost(1.5),
    ),
  ];
}
