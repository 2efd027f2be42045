import { readdirSync, rmSync } from 'node:fs';
import { startCollector } from '../load/collector.js';
import { wrk } from '../load/wrk.js';
import { checkPrediction } from '../measure/check-answer.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import { DATA_FOLDER } from '../paths.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure } from '../report/figure.js';
import { w1, w1Expected } from '../workloads/w1.js';
import { errorFigure } from './error-figure.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'telemetry';
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;

const LEVELS = ['off', 'metrics', 'traces', 'best-effort', 'lossless'] as const;
type Level = (typeof LEVELS)[number];

/** What each level adds to the one before, and how much CPU time of a request all of it may cost. */
const SHOWN: Readonly<Record<Exclude<Level, 'off'>, readonly [string, number]>> = {
  metrics: ['metrics', 1.05],
  traces: ['metrics, traces of 1 %', 1.1],
  'best-effort': ['metrics, traces of 1 %, best-effort sink', 1.1],
  lossless: ['metrics, traces of 1 %, lossless sink', 1.2],
};

/** W1 over HTTP, watched more and more, beside the same server with nothing of it. */
export const telemetry: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    const { jsonFile } = w1();
    const collector = await startCollector();
    const specOf = (level: Level) => ({
      script: 'apps/telemetry/main',
      env: { TELEMETRY: level, COLLECTOR: collector.url },
      ...(level === 'metrics' && { nodeArgs: profileArgs(effort, SUITE) }),
    });
    const specs = Object.fromEntries(LEVELS.map((level) => [level, specOf(level)])) as Record<
      Level,
      ReturnType<typeof specOf>
    >;
    try {
      const figures = await withServers(specs, async (servers) => {
        for (const server of Object.values<ServerProcess>(servers))
          await checkPrediction({ url: server.httpUrl('w1'), bodyFile: jsonFile }, [w1Expected()]);
        return figuresOf(await measure(servers, jsonFile, effort));
      });
      const remarks = [`the collector got ${collector.bytes} bytes of spans`, ...profileRemarks(effort, SUITE)];
      return { figures, remarks };
    } finally {
      collector.close();
      removeRecords();
    }
  },
};

async function measure(
  servers: Readonly<Record<Level, ServerProcess>>,
  bodyFile: string,
  effort: Effort,
): Promise<Record<Level, Sample[]>> {
  const at = (seconds: number) => {
    const burst = (level: Level) => () =>
      sample(servers[level], () =>
        wrk({ url: servers[level].httpUrl('w1'), bodyFile }, { connections: CONNECTIONS, seconds }),
      );
    return Object.fromEntries(LEVELS.map((level) => [level, burst(level)])) as Record<Level, () => Promise<Sample>>;
  };
  await interleave(1, at(WARM_UP_SECONDS));
  return interleave(effort.rounds, at(effort.seconds));
}

function figuresOf(seen: Readonly<Record<Level, readonly Sample[]>>): Figure[] {
  const figures: Figure[] = [];
  for (const [level, [what, limit]] of Object.entries(SHOWN) as [keyof typeof SHOWN, readonly [string, number]][]) {
    const cpu = compare(seen[level], seen.off, (one) => one.cpuUs);
    const p99 = compare(seen[level], seen.off, (one) => one.p99Ms);
    const named = (name: string, unit: string) => ({ suite: SUITE, name: `${name}: ${what}`, unit });
    figures.push(ratioFigure(named('CPU time a request', 'us'), 'nothing watched', cpu, atMost(limit)));
    figures.push(ratioFigure(named('p99', 'ms'), 'nothing watched', p99, atMost(1.1)));
  }
  return [
    ...figures,
    errorFigure(
      SUITE,
      `${CONNECTIONS} connections`,
      LEVELS.flatMap((level) => [...seen[level]]),
    ),
  ];
}

/** What the sinks have written. */
function removeRecords(): void {
  for (const name of readdirSync(DATA_FOLDER))
    if (name.startsWith(`${SUITE}-`)) rmSync(`${DATA_FOLDER}${name}`, { recursive: true, force: true });
}
