import { type Frame, Handler, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';
import { Log } from '@witan/sinks';
import { Reading, Score } from '../w1/reading.schema.js';

/** W1 with every request kept, input and output. */
@Service('w1')
export class LoggedW1Service {
  @Log('records')
  @Handler({ in: Reading, out: Score, batch: true })
  predict(readings: Frame<Reading>, @UseModel('w1') model: Model) {
    return model.run(readings);
  }
}
