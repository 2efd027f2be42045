import { type Frame, Handler, Service } from '@witan/core';
import { Reading } from '../w1/reading.schema.js';

/** A route that has nothing to do with the model, and must not suffer from it. */
@Service('light')
export class LightService {
  @Handler({ in: Reading, out: Reading })
  same(readings: Frame<Reading>) {
    return readings;
  }
}
