import { Column, type Frame, Handler, Schema, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';

/** A row of W1 as one vector, as the protocol has it. */
@Schema()
class Row16 {
  @Column('f32', { shape: [16] }) input!: Float32Array;
}

@Schema()
class Row230 {
  @Column('f32', { shape: [230] }) input!: Float32Array;
}

@Schema()
class Output {
  @Column('f32') output!: number;
}

@Service('w1')
export class TensorRowService {
  @Handler({ in: Row16, out: Output, batch: true })
  predict(rows: Frame<Row16>, @UseModel('w1') model: Model) {
    return model.run(rows);
  }
}

@Service('w3')
export class TensorRowsService {
  @Handler({ in: Row230, out: Output, batch: true })
  predict(rows: Frame<Row230>, @UseModel('w3') model: Model) {
    return model.run(rows);
  }
}
