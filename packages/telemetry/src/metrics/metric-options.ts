/** How metrics are aggregated. */
export interface MetricOptions {
  /** Bounds of all histograms of durations, in seconds, rising. @default 0.1 ms to 10 s, 18 buckets */
  readonly durationBounds?: readonly number[];
  /** Series that one instrument may have; what comes later is counted in one series whose labels are `other`. @default 1000 */
  readonly maxSeries?: number;
  /** How often the event loop's delay is looked at, in milliseconds; 0: never. @default 20 */
  readonly eventLoopResolutionMs?: number;
}
