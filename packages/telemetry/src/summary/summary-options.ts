/** See `TelemetryModuleOptions`. */
export interface SummaryOptions {}
