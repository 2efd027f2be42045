import { Frame, Handler, Service } from '@witan/core';
import { Reading, Score } from './reading.schema.js';

/** The same schemas without a gate and a model: what the transport and the schemas take by themselves. */
@Service('plain')
export class PlainService {
  @Handler({ in: Reading, out: Score })
  zero(readings: Frame<Reading>): Frame<Score> {
    return Frame.fromColumns<Score>({ output: new Float32Array(readings.rows) });
  }
}
