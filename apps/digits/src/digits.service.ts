import { Answer, type Context, type Frame, Handler, Service } from '@witan/core';
import { Column } from '@witan/core/frame';
import { Model, UseModel } from '@witan/inference';
import { Digit, Pixels, Scan } from './digit.schema.js';

/** Two steps: each request's scans are flattened on their own, then the rows of many requests run as one batch. */
@Service('predictions/digits', { handlers: ['flatten', 'predict'], description: 'Reads handwritten digits.' })
export class DigitsService {
  @Handler({ in: Scan, out: Pixels })
  flatten(scans: Frame<Scan>, context: Context): Frame<Pixels> | Answer {
    if (scans.rows === 0) return new Answer({ status: 400, body: { error: 'no scan in the request' } });
    context.setHeader('x-digits', String(scans.rows));
    const { data, length } = scans.column('pixels');
    return scans.with('pixels', new Column({ dtype: 'f32', shape: [64], data, length }));
  }

  @Handler({ in: Pixels, out: Digit, batch: { maxRows: 256 } })
  predict(pixels: Frame<Pixels>, @UseModel('digits') model: Model) {
    return model.run(pixels);
  }
}
