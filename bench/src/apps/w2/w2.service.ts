import { Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';
import type { BatchOptions } from '@witan/core';
import { W2_COLUMNS, W2_OUTPUTS } from '../../workloads/w2.js';

@Schema()
export class Features {
  @Column('f32', { shape: [W2_COLUMNS] }) input!: Float32Array;
}

@Schema()
export class Scores {
  @Column('f32', { shape: [W2_OUTPUTS] }) output!: Float32Array;
}

/** The defaults, unless COALESCE says otherwise. */
const coalesce = process.env['COALESCE'] as BatchOptions['coalesce'];

@Service('w2')
export class W2Service {
  @Handler({ in: Features, out: Scores, batch: { coalesce } })
  predict(features: Frame<Features>, @UseModel('w2') model: Model) {
    return model.run(features);
  }
}
