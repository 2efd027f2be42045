import { ByteTable } from './byte-table.js';
import type { Feature } from './transformation.js';

/** One feature with its place in a row. */
export interface FeaturePlan extends Feature {
  readonly index: number;
  /** Its first place in a row. */
  readonly offset: number;
  /** Its share of a row. */
  readonly length: number;
  /** {@link Feature.categories} by text. */
  readonly byText: ReadonlyMap<string, number>;
  /** {@link Feature.categories} by UTF-8 bytes. */
  readonly byBytes: ByteTable;
}

/** A config compiled: what every source of rows (Frames, records, protobuf) fills a row by. */
export class VectorizePlan {
  readonly features: readonly FeaturePlan[];
  /** Numbers in a row. */
  readonly width: number;
  /** The features' names by UTF-8 bytes; the indices are those of {@link features}. */
  readonly names: ByteTable;

  constructor(features: readonly Feature[]) {
    let offset = 0;
    this.features = features.map((feature, index) => {
      const { categories, defaults } = feature;
      const place = { index, offset, length: defaults.length };
      offset += defaults.length;
      const byText = new Map(categories.map((text, i) => [text, i]));
      return { ...feature, ...place, byText, byBytes: new ByteTable(categories) };
    });
    this.width = offset;
    this.names = new ByteTable(features.map((feature) => feature.name));
  }
}
