import type { RecordedPoint, RecordPoints } from '@witan/core';
import { inferenceError } from '../inference.errors.js';
import type { ModelOptions } from './model-options.js';

/** What is kept of the runs of one model: known once Nest has made whoever keeps it. */
export class ModelPoint {
  private opened: RecordedPoint | undefined;
  private isOpen = false;

  constructor(
    private readonly name: string,
    private readonly requests: readonly unknown[],
    private readonly points: RecordPoints,
  ) {}

  /** @throws {CORE_ERR_RECORD_KEEPER} and what the keeper throws for what is asked of it */
  get recorded(): RecordedPoint | undefined {
    if (this.isOpen) return this.opened;
    this.opened = this.points.ofModel(this.name, this.requests);
    this.isOpen = true;
    return this.opened;
  }
}

/** What is kept of the runs of models. */
export class ModelRecords {
  private readonly byName = new Map<string, ModelPoint>();

  constructor(
    private readonly points: RecordPoints | undefined,
    /** For models that do not say it themselves. */
    private readonly everyModels: unknown,
  ) {}

  /**
   * `undefined`: nothing is kept of it.
   * @throws {INF_ERR_OPTIONS} outside of a Witan application
   */
  pointOf({ name, log = this.everyModels }: ModelOptions): ModelPoint | undefined {
    const requests: readonly unknown[] = log === undefined ? [] : Array.isArray(log) ? log : [log];
    if (requests.length === 0) return undefined;
    const known = this.byName.get(name);
    if (known) return known;
    if (!this.points)
      throw inferenceError(
        'INF_ERR_OPTIONS',
        `model '${name}' is to be logged ('log'), which needs a Witan application around ModelModule: import WitanModule`,
      );
    const point = new ModelPoint(name, requests, this.points);
    this.byName.set(name, point);
    return point;
  }

  /** At boot, when all providers are there. @throws what {@link ModelPoint.recorded} throws */
  open(): void {
    for (const point of this.byName.values()) void point.recorded;
  }
}
