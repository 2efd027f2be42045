import { compare } from '../measure/rounds.js';
import { withServers } from '../process/with-servers.js';
import { atMost, type Figure, ratioFigure } from '../report/figure.js';
import type { DecodeTimes } from '../yardsticks/decode-loop.js';
import { profileArgs, profileRemarks } from './profile.js';
import type { Suite } from './suite.js';

const SUITE = 'decode';

/** JSON to a validated Frame of typed columns, beside JSON.parse of the same text. */
export const decode: Suite = {
  name: SUITE,
  needs: [],
  async run(effort) {
    const spec = { script: 'yardsticks/decode-loop', nodeArgs: profileArgs(effort, SUITE) };
    const seen = await withServers({ loop: spec }, ({ loop }) => loop.ask('measure'));
    return { figures: (seen as DecodeTimes[]).map(figure), remarks: profileRemarks(effort, SUITE) };
  },
};

function figure({ body, bytes, pairs }: DecodeTimes): Figure {
  const decoded = pairs.map((pair) => pair.decodeUs);
  const parsed = pairs.map((pair) => pair.parseUs);
  const named = { suite: SUITE, name: `decode + validate + columns, ${body}, ${bytes} B`, unit: 'us' };
  return ratioFigure(
    named,
    'JSON.parse',
    compare(decoded, parsed, (us) => us),
    atMost(2),
  );
}
