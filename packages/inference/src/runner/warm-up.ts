import { type Tensor, type TensorMap, zeros } from '../tensor/tensor.js';
import type { WarmUpTime } from './runner.js';
import type { OrtSession } from './session.js';
import type { ModelSignature } from './signature.js';

/** How often a run is timed: those that cost next to nothing until the machine's other work cannot hide them. */
function repeatsOf(fastestMs: number): number {
  if (fastestMs >= 20) return 1;
  return fastestMs >= 2 ? 3 : 15;
}

/** The row counts to warm up at: 1, 4, 16 and the largest batch, as far as the model's batch axis allows. */
export function warmUpRows(signature: ModelSignature, maxRows: number): readonly number[] {
  if (signature.batch.kind !== 'dynamic') return [signature.batch.kind === 'fixed' ? signature.batch.rows : 1];
  return [1, 4, 16].filter((rows) => rows < maxRows).concat(maxRows);
}

/** Zeros (empty strings) for every input; sizes that the model leaves open are 1. */
export function blankFeeds(signature: ModelSignature, rows: number): TensorMap {
  const feeds: Record<string, Tensor> = {};
  for (const { name, dtype, dims } of signature.inputs) {
    const sizes = dims.map((size, axis) => size ?? (axis === 0 ? rows : 1));
    feeds[name] = {
      dtype,
      dims: sizes,
      data: zeros(
        dtype,
        sizes.reduce((product, size) => product * size, 1),
      ),
    };
  }
  return feeds;
}

/**
 * Runs the model on blank rows, so that the first caller does not pay for arenas and lazy set-up, and times it for the
 * gate's cost line and for the choice of where it runs: the fastest of several, because the slow ones measure the machine's other work. What `isMeasured` elsewhere is only run once.
 */
export async function warmUp(session: OrtSession, maxRows: number, isMeasured = false): Promise<WarmUpTime[]> {
  const outputs = session.signature.outputs.map((output) => output.name);
  const times: WarmUpTime[] = [];
  for (const rows of warmUpRows(session.signature, maxRows)) {
    const feeds = blankFeeds(session.signature, rows);
    let best = Infinity;
    for (let turn = 0; turn === 0 || (!isMeasured && turn < repeatsOf(best)); turn++) {
      const start = performance.now();
      await session.run(feeds, outputs);
      best = Math.min(best, performance.now() - start);
    }
    times.push({ rows, ms: best });
  }
  return times;
}
