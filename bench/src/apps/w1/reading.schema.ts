import { Column, Schema } from '@witan/core';
import { Max, Min } from 'class-validator';

const LIMIT = 1000;

/** The 16 features of W1. */
@Schema()
export class Reading {
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f0!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f1!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f2!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f3!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f4!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f5!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f6!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f7!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f8!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f9!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f10!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f11!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f12!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f13!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f14!: number;
  @Column('f32') @Min(-LIMIT) @Max(LIMIT) f15!: number;
}

@Schema()
export class Score {
  @Column('f32') output!: number;
}
