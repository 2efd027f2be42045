// For users.
export { Log } from './log/log.decorator.js';
export { type LogOptions, type LogRequest, logTo, type Redaction } from './log/log-options.js';
export type { RetryOptions } from './policy/backoff.js';
export { type DeadLetter, readDeadLetters } from './policy/dead-letters.js';
export type { RecordKey } from './policy/key-of.js';
export { sinkChannel, type SinkStats } from './policy/sink-stats.js';
export { Sinks } from './module/sinks.js';
export { SinksModule } from './module/sinks.module.js';
export type { BestEffortOptions, LosslessOptions, SinkOptions, SinksModuleOptions } from './module/sinks-options.js';
export { decodeRecords } from './record/record-decoder.js';
export { encodeRecords } from './record/record-encoder.js';
export type { LoggedError, LogRecord } from './sink/log-record.js';
export { poisonError } from './sink/poison.js';
export type { Sink } from './sink/sink.js';

// For sibling packages (@internal).
export { SINKS_ERRORS } from './sinks.errors.js';
