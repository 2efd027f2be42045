import { parseArguments } from './arguments.js';
import { missingReason } from './load/tool.js';
import type { SuiteReport } from './report/figure.js';
import { machine } from './report/machine.js';
import { suiteTable } from './report/table.js';
import { SUITES } from './suites/index.js';
import type { Effort, Suite } from './suites/suite.js';

const { effort, suites: wanted, json, list } = parseArguments(process.argv.slice(2));
const chosen = SUITES.filter(({ name, onDemand }) =>
  wanted.length === 0 ? !onDemand : wanted.some((start) => name.startsWith(start)),
);
if (list || chosen.length === 0) {
  console.log(SUITES.map(({ name, onDemand }) => `${name}${onDemand ? ' (only when asked for)' : ''}`).join('\n'));
  process.exit(list ? 0 : 1);
}

const where = machine();
if (!json)
  console.log(
    `# Benchmarks\n\n${Object.entries(where)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}\n`,
  );
const reports: Record<string, SuiteReport> = {};
for (const suite of chosen) {
  const report = await run(suite, effort);
  reports[suite.name] = report;
  if (!json) console.log(suiteTable(suite.name, report));
}
if (json) console.log(JSON.stringify({ machine: where, effort, suites: reports }, null, 2));
process.exit(Object.values(reports).some(({ failed }) => failed) ? 1 : 0);

/** A suite that cannot run must not keep the others from running. */
async function run(suite: Suite, effort: Effort): Promise<SuiteReport> {
  const reasons = suite.needs.flatMap((tool) => missingReason(tool) ?? []);
  if (reasons.length > 0) return { figures: [], skipped: reasons.join('; ') };
  try {
    return await suite.run(effort);
  } catch (error) {
    console.error(error);
    return { figures: [], skipped: (error as Error).message, failed: true };
  }
}
