import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ensureW2Model, W2_COLUMNS, w2Row } from '../workloads/w2.js';

/** What onnxruntime answers to the request of W2. */
export async function w2Expected(): Promise<number[]> {
  const session = await InferenceSession.create(ensureW2Model());
  const { output } = await session.run({ input: new Tensor('float32', w2Row(), [1, W2_COLUMNS]) });
  await session.release();
  return [...(output!.data as Float32Array)];
}
