import { withServers } from '../process/with-servers.js';
import { type Figure, plainFigure } from '../report/figure.js';
import { W1_MODEL } from '../workloads/w1.js';
import type { OrtRate } from '../yardsticks/ort-loop.js';
import type { ServerSpec } from '../process/with-servers.js';
import type { Suite } from './suite.js';
import { largeModelOptions, w2Loop } from './w2-limit.js';

const SUITE = 'limits';
const BATCHES = [1, 16, 64] as const;

/** onnxruntime in a loop without a server around it: what no server can pass. */
export const limits: Suite = {
  name: SUITE,
  needs: [],
  async run({ seconds }) {
    const w1Spec = { script: 'yardsticks/ort-loop', env: { MODEL: W1_MODEL, BATCH: '1', SECONDS: String(seconds) } };
    const figures = [await rate('W1, batch 1', w1Spec)];
    for (const batch of BATCHES) figures.push(await rate(`W2, batch ${batch}`, w2Loop(batch, seconds)));
    const { env, script } = w2Loop(64, seconds);
    const spinning = { ...largeModelOptions(), extra: {} };
    figures.push(await rate('W2, batch 64, spinning', { script, env: { ...env, OPTIONS: JSON.stringify(spinning) } }));
    return { figures, remarks: [`options of W2: ${JSON.stringify(largeModelOptions())}`] };
  },
};

async function rate(name: string, spec: ServerSpec): Promise<Figure> {
  const seen = (await withServers({ loop: spec }, ({ loop }) => loop.ask('measure'))) as OrtRate;
  return plainFigure({ suite: SUITE, name: `in-process, ${name}`, unit: 'rows/s' }, seen.rowsPerSecond);
}
