import { Frame, Handler, Service } from '@witan/core';
import { Model, UseModel } from '@witan/inference';
import { Numbered, Valued } from './numbered.schema.js';

async function valued(numbered: Frame<Numbered>, model: Model): Promise<Frame<Valued>> {
  const looked = await model.run(numbered.select(['index']));
  return looked.select(['value']).with('number', numbered.column('number')) as Frame<Valued>;
}

/** Rows of many requests in one Frame at the handler's gate; the model runs in a worker thread. */
@Service('soak/worker', { package: 'soak.v1' })
export class WorkerService {
  @Handler({ in: Numbered, out: Valued, batch: true })
  predict(numbered: Frame<Numbered>, @UseModel('worker') model: Model) {
    return valued(numbered, model);
  }
}

/** A call a request, joined at the model's gate; the model runs in a child process, which the soak kills. */
@Service('soak/process', { package: 'soak.v1' })
export class ProcessService {
  @Handler({ in: Numbered, out: Valued })
  predict(numbered: Frame<Numbered>, @UseModel('process') model: Model) {
    return valued(numbered, model);
  }
}
