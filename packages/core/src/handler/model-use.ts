/** Which model answered a request, for metrics, traces, logs and records. */
export interface ModelUse {
  readonly model: string;
  readonly version: string;
  /** The name that the request or the handler chose it by, where that is an alias: `champion`. */
  readonly alias?: string;
  /** The experiment that chose it. */
  readonly experiment?: string;
  /** The experiment's variant, e.g. `challenger`. */
  readonly variant?: string;
}
