// What the batch gate adds to a request: nanoseconds per request for submit, batch, run and settle, with a run that
// costs nothing. The yardstick beside it is a bare promise per request, settled in one setImmediate a turn.
// Usage: node bench/batch-gate.mjs [--json]
import { BatchGate } from '../packages/core/dist/batch/batch-gate.js';
import { Column, Frame } from '../packages/core/dist/frame/index.js';

const MIN_MS = 300;
const ROUNDS = 5;

function rowFrame(columns) {
  const entries = Array.from({ length: columns }, (_, i) => [
    `c${i}`,
    new Column({ dtype: 'f32', data: Float32Array.of(i), length: 1 }),
  ]);
  return new Frame(new Map(entries));
}

const frame = rowFrame(4);
const answerOf = new Map([1, 32, 64].map((rows) => [rows, Frame.concat(Array.from({ length: rows }, () => frame))]));

/** The next turn's promises: what a server would do without a gate. */
function bare() {
  let waiting = [];
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) {
        setImmediate(() => {
          const now = waiting;
          waiting = [];
          for (const settle of now) settle(frame);
        });
      }
    });
}

function gated(run, fixedLayout = true) {
  const gate = new BatchGate(run, {}, { name: 'bench', fixedLayout });
  return () => gate.submit({ frame, key: '' });
}

const subjects = {
  'bare promise + setImmediate': bare,
  'gate, sync run, no concat': () => gated((batch) => answerOf.get(batch.rows)),
  'gate, sync run (concat + slice)': () => gated((batch) => batch.frame),
  'gate, sync run, layouts compared': () => gated((batch) => answerOf.get(batch.rows), false),
  'gate, async run, no concat': () => gated(async (batch) => answerOf.get(batch.rows)),
};

async function measure(submit, concurrent) {
  const turn = async () => {
    const answers = new Array(concurrent);
    for (let i = 0; i < concurrent; i++) answers[i] = submit();
    for (const answer of answers) await answer;
  };
  const start = performance.now();
  let turns = 0;
  do {
    for (let i = 0; i < 50; i++) await turn();
    turns += 50;
  } while (performance.now() - start < MIN_MS);
  return ((performance.now() - start) * 1e6) / (turns * concurrent);
}

const results = [];
for (const concurrent of [1, 32, 64]) {
  const best = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, make] of Object.entries(subjects)) {
      best[name] = Math.min(best[name] ?? Infinity, await measure(make(), concurrent));
    }
  }
  const yardstick = Object.values(best)[0];
  for (const [name, ns] of Object.entries(best)) {
    results.push({ concurrent, name, nsPerRequest: Math.round(ns), ratio: +(ns / yardstick).toFixed(2) });
  }
}
if (process.argv.includes('--json')) console.log(JSON.stringify(results));
else console.table(results);
