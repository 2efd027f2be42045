/** See `TelemetryModuleOptions`. */
export interface LogOptions {}
