import { h2load } from '../load/h2load.js';
import { modelRemarks } from '../measure/model-remarks.js';
import { compare, interleave } from '../measure/rounds.js';
import { type Sample, sample } from '../measure/sample.js';
import type { ServerProcess } from '../process/server-process.js';
import { type ServerSpec, withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure, type Target } from '../report/figure.js';
import { husharWorkload } from '../workloads/hushar.js';
import { HUSHAR_METHOD } from './hushar.js';
import { w1 } from '../workloads/w1.js';
import { buildTonic } from '../yardsticks/tonic/build-tonic.js';
import { tonicHushar } from '../yardsticks/tonic/tonic-specs.js';
import { errorFigure } from './error-figure.js';
import { grpcRequest, W1_METHOD } from './grpc-tiny.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Effort, Suite } from './suite.js';

const SUITE = 'grpc-model';
/** Connections, calls in flight on each, and what CPU time may be of tonic's. */
const SHAPES: readonly (readonly [number, number, Target])[] = [
  [4, 16, atMost(0.6)],
  [32, 1, atMost(1.45)],
];
const SUBJECTS: Readonly<Record<string, string>> = { typed: 'typed service', hushar: "Hushar's protocol" };

/**
 * W1 with its model, over gRPC: through a service with schemas, and through Hushar's protocol, beside tonic and prost
 * that decode the same request into maps and numbers and answer zeros.
 */
export const grpcModel: Suite = {
  name: SUITE,
  needs: ['h2load'],
  async run(effort) {
    const tonic = buildTonic();
    if ('missing' in tonic) return { figures: [], skipped: tonic.missing };
    const specs: Record<string, ServerSpec> = {
      typed: { script: 'apps/w1/main', nodeArgs: profileArgs(effort, SUITE) },
      hushar: { script: 'apps/hushar/main', env: { WORKLOAD: 'w1' } },
      ...tonicHushar(tonic, 'w1'),
    };
    const report = await withServers(specs, async (servers) => ({
      figures: await measure(servers, effort),
      remarks: await modelRemarks(servers['typed']!),
    }));
    return { ...report, remarks: [...report.remarks, ...profileRemarks(effort, SUITE)] };
  },
};

async function measure(servers: Readonly<Record<string, ServerProcess>>, effort: Effort): Promise<Figure[]> {
  const row = husharWorkload('w1');
  const requests = {
    typed: await grpcRequest(servers['typed']!, W1_METHOD, w1()),
    hushar: await grpcRequest(servers['hushar']!, HUSHAR_METHOD, row),
    tonic: await grpcRequest(servers['tonic']!, HUSHAR_METHOD, row),
  };
  const figures: Figure[] = [];
  for (const [connections, streams, target] of SHAPES) {
    const options = { connections, streams, seconds: effort.seconds };
    const loads = Object.fromEntries(
      Object.entries(requests).map(([name, request]) => [
        name,
        (): Promise<Sample> => sample(servers[name]!, () => h2load(request, options)),
      ]),
    );
    await interleave(1, loads);
    figures.push(...shapeFigures(`${connections} x ${streams}`, await interleave(effort.rounds, loads), target));
  }
  return figures;
}

function shapeFigures(shape: string, seen: Readonly<Record<string, readonly Sample[]>>, target: Target): Figure[] {
  const tonic = seen['tonic']!;
  const figures = Object.entries(SUBJECTS).flatMap(([name, subject]) => {
    const named = (what: string, unit: string) => ({ suite: SUITE, name: `${subject}, ${shape}: ${what}`, unit });
    const cpu = compare(seen[name]!, tonic, (one) => one.cpuUs);
    const rate = compare(seen[name]!, tonic, (one) => one.requestsPerSecond);
    return [
      ratioFigure(named('CPU time a call', 'us'), 'tonic, no model', cpu, target),
      ratioFigure(named('throughput', 'calls/s'), 'tonic, no model', rate),
    ];
  });
  return [...figures, errorFigure(SUITE, shape, Object.values(seen).flat())];
}
