import { compare } from '../measure/rounds.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure } from '../report/figure.js';
import type { SummaryTimes } from '../yardsticks/summary-loop.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Suite } from './suite.js';

const SUITE = 'summary';

/** What summaries cost for each value that a model is given, beside a plain loop over the values. */
export const summary: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const spec = { script: 'yardsticks/summary-loop', nodeArgs: profileArgs(effort, SUITE) };
    const seen = await withServers({ loop: spec }, ({ loop }) => loop.ask('measure'));
    return { figures: (seen as SummaryTimes[]).map(figure), remarks: profileRemarks(effort, SUITE) };
  },
};

function figure({ name, pairs }: SummaryTimes): Figure {
  const watched = pairs.map((pair) => pair.summaryNs);
  const looped = pairs.map((pair) => pair.loopNs);
  return ratioFigure(
    { suite: SUITE, name, unit: 'ns a value' },
    'sum in a loop',
    compare(watched, looped, (ns) => ns),
    atMost(100, 'value'),
  );
}
