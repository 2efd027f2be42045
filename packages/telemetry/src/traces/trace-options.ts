/** See `TelemetryModuleOptions`. */
export interface TraceOptions {}
