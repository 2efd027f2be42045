import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { HusharWorkload } from '../../workloads/hushar.js';
import { plainAnswer, type PlainConfig, PlainDecoder } from './plain-decoder.js';

/** Decodes, runs the model and encodes, with nothing in between: no batches, no errors, no second caller. */
export class PlainModel {
  private readonly decoder: PlainDecoder;
  private readonly numbers: Float32Array;

  private constructor(
    private readonly session: InferenceSession,
    workload: HusharWorkload,
  ) {
    this.decoder = new PlainDecoder(JSON.parse(readFileSync(workload.vectorizationPath, 'utf8')) as PlainConfig);
    this.numbers = new Float32Array(workload.rows * this.decoder.width);
  }

  static async open(workload: HusharWorkload): Promise<PlainModel> {
    const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
    return new PlainModel(await InferenceSession.create(workload.modelPath, options), workload);
  }

  decode(message: Buffer): number {
    return this.decoder.decode(message, this.numbers);
  }

  async answer(message: Buffer): Promise<Buffer> {
    const rows = this.decode(message);
    const input = new Tensor('float32', this.numbers, [rows, this.decoder.width]);
    const { output } = await this.session.run({ input });
    return plainAnswer(output!.data as Float32Array, rows);
  }
}
