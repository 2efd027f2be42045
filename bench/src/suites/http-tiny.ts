import { wrk } from '../load/wrk.js';
import { checkPrediction } from '../measure/check-answer.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atLeast, atMost, type Figure, plainFigure, ratioFigure } from '../report/figure.js';
import { median } from '../stats.js';
import { w1, w1Expected } from '../workloads/w1.js';
import { errorFigure } from './error-figure.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'http-tiny';
const CONNECTIONS = [32, 64] as const;
const WARM_UP_SECONDS = 2;

type Name = 'witan' | 'plain' | 'fastify' | 'node';
type Servers = Readonly<Record<Name, ServerProcess>>;
type Samples = Readonly<Record<Name, readonly Sample[]>>;

/** The tiny model over HTTP JSON, beside echoes of the same body. */
export const httpTiny: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    const { jsonFile } = w1();
    const specs = {
      witan: { script: 'apps/w1/main', nodeArgs: profileArgs(effort, SUITE) },
      // In a process of its own: one service's traffic must not shape the code that V8 makes for the other.
      plain: { script: 'apps/w1/main' },
      fastify: { script: 'yardsticks/fastify-echo' },
      node: { script: 'yardsticks/node-http-echo' },
    };
    const report = await withServers(specs, async (servers) => {
      await checkPrediction({ url: servers.witan.httpUrl('w1'), bodyFile: jsonFile }, [w1Expected()]);
      const remarks = await modelRemarks(servers.witan);
      return { figures: await measure(servers, jsonFile, effort), remarks };
    });
    return { ...report, remarks: [...report.remarks, ...profileRemarks(effort, SUITE)] };
  },
};

async function measure(servers: Servers, bodyFile: string, effort: Effort): Promise<Figure[]> {
  const at = (connections: number, seconds: number) => {
    const burst = (server: ServerProcess, path: string) => () =>
      sample(server, () => wrk({ url: server.httpUrl(path), bodyFile }, { connections, seconds }));
    return {
      witan: burst(servers.witan, 'w1'),
      plain: burst(servers.plain, 'plain'),
      fastify: burst(servers.fastify, 'echo'),
      node: burst(servers.node, 'echo'),
    };
  };
  await interleave(1, at(CONNECTIONS[0], WARM_UP_SECONDS));
  const figures: Figure[] = [];
  for (const connections of CONNECTIONS) {
    figures.push(...loaded(connections, await interleave(effort.rounds, at(connections, effort.seconds))));
  }
  return [...figures, ...alone(await interleave(effort.rounds, at(1, effort.seconds)))];
}

function loaded(connections: number, { witan, plain, fastify, node }: Samples): Figure[] {
  const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}, ${connections} connections`, unit });
  const cpu = named('CPU time a request', 'us');
  const rate = named('throughput', 'req/s');
  return [
    ratioFigure(
      cpu,
      'Fastify echo',
      compare(witan, fastify, (one) => one.cpuUs),
      atMost(2),
    ),
    ratioFigure(
      cpu,
      'node:http echo',
      compare(witan, node, (one) => one.cpuUs),
    ),
    ratioFigure(
      named('CPU time without gate and model', 'us'),
      'Fastify echo',
      compare(plain, fastify, (one) => one.cpuUs),
    ),
    ratioFigure(
      rate,
      'Fastify echo',
      compare(witan, fastify, (one) => one.requestsPerSecond),
      atLeast(0.5),
    ),
    ratioFigure(
      rate,
      'node:http echo',
      compare(witan, node, (one) => one.requestsPerSecond),
    ),
    ratioFigure(
      named('p99', 'ms'),
      'Fastify echo',
      compare(witan, fastify, (one) => one.p99Ms),
    ),
    errorFigure(SUITE, `${connections} connections`, [...witan, ...plain, ...fastify, ...node]),
  ];
}

function alone({ witan, fastify, node }: Samples): Figure[] {
  const added = (name: string, yardstick: readonly Sample[]): Figure => {
    const differences = witan.map((one, round) => one.p50Ms - yardstick[round]!.p50Ms);
    const named = { suite: SUITE, name: `added p50 over the ${name}, 1 connection`, unit: 'ms' };
    const echo = median(yardstick.map((one) => one.p50Ms));
    return {
      ...plainFigure(named, median(differences), atMost(0.15, 'value')),
      yardstick: { name: `p50 of the ${name}`, value: echo },
    };
  };
  const cpu = { suite: SUITE, name: 'CPU time a request, 1 connection', unit: 'us' };
  return [
    added('Fastify echo', fastify),
    added('node:http echo', node),
    ratioFigure(
      cpu,
      'Fastify echo',
      compare(witan, fastify, (one) => one.cpuUs),
    ),
    errorFigure(SUITE, '1 connection', [...witan, ...fastify, ...node]),
  ];
}
