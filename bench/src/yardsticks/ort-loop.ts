// onnxruntime in this process, in a loop: MODEL, BATCH, SECONDS and OPTIONS (of the session, as JSON) say what.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { announce } from '../process/control.js';
import { quantile } from '../stats.js';

/** What one measurement gives. */
export interface OrtRate {
  readonly rowsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const { MODEL, BATCH, SECONDS, OPTIONS = '{}' } = process.env;
const batch = Number(BATCH);
const session = await InferenceSession.create(MODEL!, JSON.parse(OPTIONS) as InferenceSession.SessionOptions);
const input = session.inputNames[0]!;
const { shape } = session.inputMetadata[0] as { shape: readonly (number | string)[] };
const width = Number(shape[1]);
const values = Float32Array.from({ length: batch * width }, (_, index) => Math.sin(index));

async function measure(): Promise<OrtRate> {
  const times: number[] = [];
  const start = performance.now();
  let now = start;
  while (now - start < Number(SECONDS) * 1000 || times.length < 3) {
    await session.run({ [input]: new Tensor('float32', values, [batch, width]) });
    const end = performance.now();
    times.push(end - now);
    now = end;
  }
  const rowsPerSecond = (times.length * batch * 1000) / (now - start);
  return { rowsPerSecond, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

await session.run({ [input]: new Tensor('float32', values, [batch, width]) });
announce({}, measure);
process.once('SIGTERM', () => process.exit());
