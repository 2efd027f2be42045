/** See `TelemetryModuleOptions`. */
export interface EmfOptions {}
