import { Module } from '@nestjs/common';
import { ModelModule } from '@witan/inference';
import { HusharModule } from '@witan/protocols';
import { husharWorkload, type HusharWorkloadName } from '../../workloads/hushar.js';

/** A workload behind Hushar's protocol, with the defaults. */
export function husharApp(name: HusharWorkloadName): new () => object {
  const { modelPath: path, vectorizationPath: vectorization } = husharWorkload(name);
  @Module({
    imports: [
      ModelModule.forRoot({}),
      ModelModule.forFeature({ name, path }),
      HusharModule.forRoot({ model: name, vectorization }),
    ],
  })
  class HusharApp {}
  return HusharApp;
}
