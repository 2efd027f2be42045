import { rmSync, statSync } from 'node:fs';
import { h2load } from '../load/h2load.js';
import { wrk } from '../load/wrk.js';
import { httpAnswer } from '../measure/check-answer.js';
import { compareValues, interleave } from '../measure/rounds.js';
import { dataFile } from '../paths.js';
import type { Memory } from '../process/memory.js';
import { type ServerSpec, withServers } from '../process/with-servers.js';
import { atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { w1, W1_MODEL } from '../workloads/w1.js';
import { ensureW2Model, w2 } from '../workloads/w2.js';
import { GRPC_ECHO_METHOD } from '../yardsticks/grpc-method.js';
import { grpcRequest, W1_METHOD } from './grpc-tiny.js';
import { RECORD_IMPORTS } from './recorded-imports.js';
import type { Effort, Suite } from './suite.js';
import { w2Loop } from './w2-limit.js';

const SUITE = 'memory';
const CONNECTIONS = 32;
const HEAVY_CONNECTIONS = 64;

/** Resident memory under load, beside a process with the same imports, two echoes and one session. */
export const memory: Suite = {
  name: SUITE,
  needs: ['wrk', 'h2load'],
  async run(effort) {
    const imports = await recordedImports();
    const echoes = { script: 'yardsticks/imports-and-echoes', env: { IMPORTS_FILE: imports, MODEL: W1_MODEL } };
    const { witan, yardstick } = await interleave(Math.ceil(effort.rounds / 3), {
      witan: () => loadedW1({ script: 'apps/w1/main' }, 'w1', W1_METHOD, effort),
      yardstick: () => loadedW1(echoes, 'echo', GRPC_ECHO_METHOD, effort),
    });
    return { figures: [...tinyFigures(witan, yardstick), ...(await bigFigures(effort))] };
  },
};

async function recordedImports(): Promise<string> {
  const file = dataFile('imports-w1.txt');
  rmSync(file, { force: true });
  const spec = { script: 'apps/w1/main', nodeArgs: RECORD_IMPORTS, env: { IMPORTS_FILE: file } };
  await withServers({ witan: spec }, async ({ witan }) => {
    await httpAnswer({ url: witan.httpUrl('w1'), bodyFile: w1().jsonFile });
    await grpcRequest(witan, W1_METHOD);
  });
  return file;
}

/** A fresh process each time, so that each has seen the same load. */
function loadedW1(spec: ServerSpec, path: string, method: string, { seconds }: Effort): Promise<Memory> {
  return withServers({ server: spec }, async ({ server }) => {
    const { jsonFile } = w1();
    const request = await grpcRequest(server, method);
    for (let i = 0; i < 2; i++) {
      await wrk({ url: server.httpUrl(path), bodyFile: jsonFile }, { connections: CONNECTIONS, seconds });
      await h2load(request, { connections: CONNECTIONS, seconds });
    }
    const during = wrk({ url: server.httpUrl(path), bodyFile: jsonFile }, { connections: CONNECTIONS, seconds });
    const seen: Memory[] = [];
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 150));
      seen.push(server.memory());
    }
    await during;
    return middle(seen);
  });
}

const middle = (seen: readonly Memory[]): Memory => seen.toSorted((a, b) => a.rssMb - b.rssMb)[seen.length >> 1]!;

function tinyFigures(witan: readonly Memory[], yardstick: readonly Memory[]): Figure[] {
  const of = (quantity: (one: Memory) => number) => compareValues(witan.map(quantity), yardstick.map(quantity));
  const named = (name: string) => ({ suite: SUITE, name, unit: 'MB' });
  const name = 'same imports, echoes, session';
  return [
    ratioFigure(
      named('W1, RSS under load'),
      name,
      of((one) => one.rssMb),
      atMost(1.25),
    ),
    ratioFigure(
      named('W1, anonymous memory under load'),
      name,
      of((one) => one.anonymousMb),
    ),
  ];
}

async function bigFigures(effort: Effort): Promise<Figure[]> {
  const fileMb = statSync(ensureW2Model()).size / 1e6;
  const seconds = Math.max(4, effort.seconds);
  const alone = await withServers({ loop: w2Loop(64, seconds) }, async ({ loop }) => {
    await loop.ask('measure');
    return loop.memory();
  });
  const served = await withServers({ witan: { script: 'apps/w2/main' } }, async ({ witan }) => {
    const during = wrk(
      { url: witan.httpUrl('w2'), bodyFile: w2().jsonFile },
      { connections: HEAVY_CONNECTIONS, seconds },
    );
    await new Promise((resolve) => setTimeout(resolve, seconds * 900));
    const seen = witan.memory();
    await during;
    return seen;
  });
  const named = (name: string) => ({ suite: SUITE, name, unit: 'MB' });
  return [
    ratioFigure(
      named('W2, RSS under load'),
      'one session in a loop',
      compareValues([served.rssMb], [alone.rssMb]),
      atMost(1.25),
    ),
    ratioFigure(named('W2, RSS under load'), 'the model file', compareValues([served.rssMb], [fileMb]), atMost(2)),
    plainFigure(named('W2, RSS of one session in a loop'), median([alone.rssMb])),
  ];
}
