/** See `TelemetryModuleOptions`. */
export interface OtlpOptions {}
