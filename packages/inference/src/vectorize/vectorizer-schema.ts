import type { SchemaSpec } from '@witan/core';
import { parseDType, type DType } from '@witan/core/frame';
import { EMBEDDING, ONE_HOT, SCALE64, type TransformationCode } from './transformation.js';
import type { VectorizePlan } from './vectorize-plan.js';

/**
 * The columns that a typed service of a vectorizer has: one for each feature, every one nullable, because a missing
 * feature has a default. A feature whose share of a row is several values is a vector of that size.
 */
export function schemaOfPlan({ features }: VectorizePlan, name: string): SchemaSpec {
  const columns = features.map(({ name: column, code, unit, length, type }) => ({
    name: column,
    dtype: parseDType(dtypeOf(code)),
    shape: length === unit ? [] : [length / unit],
    nullable: true,
    description: type,
    rules: [],
  }));
  return { name, columns, unknown: 'ignore' };
}

function dtypeOf(code: TransformationCode): DType {
  if (code === ONE_HOT || code === EMBEDDING) return 'utf8';
  return code === SCALE64 ? 'f64' : 'f32';
}
