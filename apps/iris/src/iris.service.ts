import { type Frame, Handler, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';
import { Flower, SepalLength } from './flower.schema.js';

@Service('predictions/iris', { description: 'Predicts the length of the sepal from the rest of the flower.' })
export class IrisService {
  @Handler({ in: Flower, out: SepalLength, batch: { maxRows: 64 } })
  predict(flowers: Frame<Flower>, @UseModel('iris') model: Model) {
    return model.run(flowers);
  }
}
