import { type Frame, Handler, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';
import { Reading, Score } from './reading.schema.js';

@Service('w1')
export class W1Service {
  @Handler({ in: Reading, out: Score, batch: true })
  predict(readings: Frame<Reading>, @UseModel('w1') model: Model) {
    return model.run(readings);
  }
}
