import { Column, Schema } from '@witan/core';
import { Max, Min } from 'class-validator';

/** A scanned digit: 8 x 8 pixels, row by row, from 0 (white) to 16 (black). */
@Schema()
export class Scan {
  @Column('f32', { shape: [8, 8], description: 'pixels, 8 rows of 8, 0 to 16' })
  @Min(0, { each: true })
  @Max(16, { each: true })
  pixels!: Float32Array;
}

/** The same pixels, stretched to the full range and flattened: what the model takes. */
@Schema()
export class Pixels {
  @Column('f32', { shape: [64] })
  pixels!: Float32Array;
}

@Schema()
export class Digit {
  @Column('i64', { description: 'the most probable digit' })
  label!: bigint;

  @Column('f32', { shape: [10], description: 'the probability of each digit from 0 to 9' })
  probabilities!: Float32Array;
}
