import { Module } from '@nestjs/common';
import { Column, type Frame, Handler, Schema, Service, WitanFactory } from '@witan/core';
import { Model, ModelModule, UseModel } from '@witan/inference';
import { fixtureModel } from '@witan-libs/testing';

@Schema()
class Flower {
  @Column('f32') sepal_length!: number;
  @Column('f32') sepal_width!: number;
  @Column('f32') petal_length!: number;
  @Column('f32') petal_width!: number;
}

@Schema()
class Species {
  @Column('i64') output_label!: bigint;
  @Column('f32', { shape: [3] }) output_probability!: Float32Array;
}

@Schema()
class Thing {
  @Column('utf8') color!: string;
  @Column('utf8') size!: string;
  @Column('f32') weight!: number;
}

@Schema()
class Weight {
  @Column('utf8') label!: string;
  @Column('f32', { shape: [3] }) probabilities!: Float32Array;
}

/** An output that is a list of maps from class to score. */
@Service('boosting')
class BoostingService {
  @Handler({ in: Flower, out: Species, batch: { maxRows: 64 } })
  predict(flowers: Frame<Flower>, @UseModel('boosting-zipmap') model: Model) {
    return model.run(flowers);
  }
}

/** Inputs and outputs that are text. */
@Service('mixed')
class MixedService {
  @Handler({ in: Thing, out: Weight, batch: { maxRows: 64 } })
  predict(things: Frame<Thing>, @UseModel('mixed-strings') model: Model) {
    return model.run(things);
  }
}

const models = ['boosting-zipmap', 'mixed-strings'].map((name) => ({ name, path: fixtureModel(name) }));

@Module({
  imports: [ModelModule.forRoot({}), ModelModule.forFeature(...models)],
  providers: [BoostingService, MixedService],
})
class AppModule {}

await WitanFactory.create(AppModule).listen({ http: 0, grpc: 0, host: '127.0.0.1' });
