import { Column, Schema } from '@witan/core';

/** An index into the model's table, and a number that must come back with the answer. */
@Schema()
export class Numbered {
  @Column('i64') index!: bigint;
  @Column('f64') number!: number;
}

@Schema()
export class Valued {
  @Column('f32') value!: number;
  @Column('f64') number!: number;
}
