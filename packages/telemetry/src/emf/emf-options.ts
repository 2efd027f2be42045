import type { LogDestination } from '../logs/log-options.js';

/** What metrics are told apart by in CloudWatch; each combination of values is a metric that AWS charges for. */
export type EmfDimension = 'service' | 'model' | 'version' | 'alias' | 'experiment' | 'variant' | 'transport';

/**
 * Lines in AWS's embedded metric format, of which CloudWatch makes metrics: once an interval, and one for each
 * combination of dimensions. On Lambda, ECS and EKS it is enough to write them to stdout.
 */
export interface EmfOptions {
  /** @default 'Witan' */
  readonly namespace?: string;
  /** @default ['service', 'model', 'version'] */
  readonly dimensions?: readonly EmfDimension[];
  /** Dimensions that are always the same: `{ stage: 'prod' }`. With {@link dimensions} at most 30. @default none */
  readonly fixed?: Readonly<Record<string, string>>;
  /** Milliseconds. @default 60_000 */
  readonly intervalMs?: number;
  /** @default 'stdout' */
  readonly destination?: LogDestination;
  /**
   * How times and sizes are written. `array`: as EMF's specification has it, at most 100 numbers, each of which stands
   * for the same share of the requests; how many there were is in `Requests`. `counts`: values with the number of times
   * each was seen, which CloudWatch takes from its agent and from OpenTelemetry's collector, though the specification
   * does not say so: then the statistics of several processes add up exactly. @default 'array'
   */
  readonly distribution?: 'array' | 'counts';
  /** Combinations of dimensions in one interval; what comes later is added up under `other`. @default 200 */
  readonly maxSeries?: number;
}
