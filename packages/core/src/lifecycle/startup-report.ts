/** One section of the start-up banner. */
export interface StartupSection {
  readonly title: string;
  readonly lines: readonly string[];
}

/** What a part of the application says of its health. */
export interface HealthReport {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: unknown;
}

/** A provider with this method adds a section to the banner; see {@link StartupReporter}. */
export const STARTUP_REPORT = Symbol.for('witan.startupReport');
/** A provider with this method is asked by the readiness check; see {@link HealthReporter}. */
export const HEALTH_REPORT = Symbol.for('witan.healthReport');

export interface StartupReporter {
  [STARTUP_REPORT](): StartupSection;
}

export interface HealthReporter {
  /** Asked at every readiness check: must be cheap. */
  [HEALTH_REPORT](): readonly HealthReport[];
}

export function isStartupReporter(value: object): value is StartupReporter {
  return STARTUP_REPORT in value;
}

export function isHealthReporter(value: object): value is HealthReporter {
  return HEALTH_REPORT in value;
}
