// For users.
export type { LoggedError, LogRecord } from './sink/log-record.js';
export { poisonError } from './sink/poison.js';
export type { Sink } from './sink/sink.js';

// For sibling packages (@internal).
export { SINKS_ERRORS } from './sinks.errors.js';
