// `npm run nightly`: what takes too long for every change. Half an hour; `npm run nightly -- --minutes 1` for a try.
// Every step runs, whatever came of the one before; the exit code is 1 when any failed.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const VITEST = 'node_modules/vitest/vitest.mjs';
const REAL = [VITEST, 'run', '--config', 'vitest.real.config.ts'];
const SEQUENCES_A_MINUTE = 10_000;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`nightly: --minutes is ${values.minutes}: give a number above 0`);
  process.exit(1);
}
const seconds = String(Math.round(minutes * 60));
const seed = String(Date.now() % 2 ** 31);

// With WITAN_FUZZ_SEED and WITAN_SOAK_SEED, which the tests' names show, a failure can be had again.
const STEPS = [
  ['mutated frames', () => passes([...REAL, 'test/dist/grpc/fuzz'], { WITAN_FUZZ_SECONDS: seconds })],
  ['the same answers as grpc-js', () => passes([VITEST, 'run', 'test/dist/grpc/fuzz'], differential())],
  ['soak of the gRPC server', () => passes([...REAL, 'test/dist/grpc/soak'], { WITAN_SOAK_SECONDS: seconds })],
  ['soak of an application', benchSoak],
];

const results = STEPS.map(([name, step]) => {
  console.log(`\nnightly: ${name}`);
  const start = performance.now();
  const passed = step();
  const took = Math.round((performance.now() - start) / 1000);
  return { passed, line: `nightly: ${passed ? 'passed' : 'FAILED'} after ${took} s: ${name}` };
});
console.log(`\n${results.map(({ line }) => line).join('\n')}`);
process.exit(results.every(({ passed }) => passed) ? 0 : 1);

function differential() {
  return { WITAN_FUZZ_SEQUENCES: String(Math.ceil(minutes * SEQUENCES_A_MINUTE)), WITAN_FUZZ_SEED: seed };
}

/** Runs `node ...args`; what is missing is a failure here, as for the continuous integration. */
function node(args, env, stdout) {
  return spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, CI: 'true', ...env },
    maxBuffer: 1 << 26,
    encoding: 'utf8',
  });
}

function passes(args, env) {
  return node(args, env, 'inherit').status === 0;
}

/** The benchmarks only report: here a figure that is not as it should be is a failure. */
function benchSoak() {
  const { status, stdout } = node(
    ['bench/run.mjs', '--suite', 'soak', '--minutes', String(minutes), '--json'],
    {},
    'pipe',
  );
  if (status !== 0) return false;
  const { figures, remarks = [], skipped } = JSON.parse(stdout.slice(stdout.indexOf('{'))).suites.soak;
  for (const { name, value, unit, met } of figures)
    console.log(`${name}: ${value} ${unit}${met === false ? ' NOT MET' : ''}`);
  for (const remark of remarks) console.log(remark);
  if (skipped !== undefined) console.log(`skipped: ${skipped}`);
  return skipped === undefined && figures.every(({ met }) => met !== false);
}
