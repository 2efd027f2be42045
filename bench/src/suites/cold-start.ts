import { readFileSync, rmSync } from 'node:fs';
import { compareValues, interleave } from '../measure/rounds.js';
import { compiled, dataFile, ROOT } from '../paths.js';
import { type Command, freePort, untilFirstAnswer, untilFirstLine } from '../process/first-answer.js';
import { atMost, ratioFigure } from '../report/figure.js';
import { RECORD_IMPORTS } from './recorded-imports.js';
import type { Suite } from './suite.js';

const SUITE = 'cold-start';
const APP = `${ROOT}apps/iris/dist/main.js`;
const PATH = '/predictions/iris';
const BODY = JSON.stringify([{ sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 }]);

/** From the start of apps/iris to its first answer, beside what its third-party imports alone take. */
export const coldStart: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const file = dataFile('imports-iris.txt');
    rmSync(file, { force: true });
    await answered(RECORD_IMPORTS, { IMPORTS_FILE: file });
    const yardstick: Command = { args: [compiled('yardsticks/imports-only')], env: { IMPORTS_FILE: file } };
    const contenders = { app: () => answered([], {}), imports: () => untilFirstLine(yardstick) };
    await interleave(1, contenders);
    const { app, imports } = await interleave(effort.rounds, contenders);
    const named = { suite: SUITE, name: 'apps/iris, start to first answer', unit: 'ms' };
    const modules = new Set(readFileSync(file, 'utf8').trim().split('\n')).size;
    return {
      figures: [ratioFigure(named, 'third-party imports alone', compareValues(app, imports), atMost(1.4))],
      remarks: [`${modules} third-party modules are imported by the application's and Witan's own code`],
    };
  },
};

async function answered(nodeArgs: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const port = await freePort();
  const ports = { HTTP_PORT: String(port), GRPC_PORT: '0', HOST: '127.0.0.1' };
  return untilFirstAnswer({ args: [...nodeArgs, APP], env: { ...env, ...ports } }, port, PATH, BODY);
}
