import { wrk } from '../load/wrk.js';
import { checkPrediction } from '../measure/check-answer.js';
import { compare, interleave } from '../measure/rounds.js';
import { sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure } from '../report/figure.js';
import { w1, w1Expected } from '../workloads/w1.js';
import type { SummaryTimes } from '../yardsticks/summary-loop.js';
import { errorFigure } from './error-figure.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'summary';
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 2;

/** What summaries cost: for each value, beside a plain loop over the values; and for a request of W1 over HTTP. */
export const summary: Suite = {
  name: SUITE,
  needs: ['wrk'],
  async run(effort) {
    const loop = { script: 'yardsticks/summary-loop', nodeArgs: profileArgs(effort, SUITE) };
    const times = await withServers({ loop }, (servers) => servers.loop.ask('measure'));
    const script = 'apps/summary/main';
    const figures = await withServers({ on: { script, env: { SUMMARY: '1' } }, off: { script } }, (servers) =>
      measure(servers, effort),
    );
    return {
      figures: [...(times as SummaryTimes[]).map(valueFigure), ...figures],
      remarks: profileRemarks(effort, SUITE),
    };
  },
};

function valueFigure({ name, pairs }: SummaryTimes): Figure {
  const watched = pairs.map((pair) => pair.summaryNs);
  const looped = pairs.map((pair) => pair.loopNs);
  return ratioFigure(
    { suite: SUITE, name, unit: 'ns a value' },
    'sum in a loop',
    compare(watched, looped, (ns) => ns),
    atMost(100, 'value'),
  );
}

async function measure(servers: Readonly<Record<'on' | 'off', ServerProcess>>, effort: Effort): Promise<Figure[]> {
  const { jsonFile: bodyFile } = w1();
  await checkPrediction({ url: servers.on.httpUrl('w1'), bodyFile }, [w1Expected()]);
  const bursts = (seconds: number) => {
    const burst = (server: ServerProcess) => () =>
      sample(server, () => wrk({ url: server.httpUrl('w1'), bodyFile }, { connections: CONNECTIONS, seconds }));
    return { on: burst(servers.on), off: burst(servers.off) };
  };
  await interleave(1, bursts(WARM_UP_SECONDS));
  const { on, off } = await interleave(effort.rounds, bursts(effort.seconds));
  const cpu = compare(on, off, (one) => one.cpuUs);
  const named = { suite: SUITE, name: `W1 over HTTP, CPU time a request, ${CONNECTIONS} connections`, unit: 'us' };
  return [
    ratioFigure(named, 'nothing watched', cpu, atMost(1.05)),
    errorFigure(SUITE, `${CONNECTIONS} connections`, [...on, ...off]),
  ];
}
