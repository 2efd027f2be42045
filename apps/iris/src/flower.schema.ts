import { Column, Schema } from '@witan/core';
import { Min } from 'class-validator';

/** What is measured of a flower, in centimetres. */
@Schema()
export class Flower {
  @Column('f32', { description: 'width of the sepal, cm' })
  @Min(0)
  sepalWidth!: number;

  @Column('f32', { description: 'length of the petal, cm' })
  @Min(0)
  petalLength!: number;

  @Column('f32', { description: 'width of the petal, cm' })
  @Min(0)
  petalWidth!: number;
}

/** What the model makes of it. */
@Schema()
export class SepalLength {
  @Column('f32', { description: 'predicted length of the sepal, cm' })
  sepalLength!: number;
}
