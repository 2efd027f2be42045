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

export { FileSink } from './destinations/files/file-sink.js';
export type { FileSinkOptions } from './destinations/files/file-sink-options.js';
export { KafkaSink } from './destinations/kafka/kafka-sink.js';
export type { KafkaSinkOptions } from './destinations/kafka/kafka-sink-options.js';
export { OtlpSink } from './destinations/otlp/otlp-sink.js';
export type { OtlpSinkOptions } from './destinations/otlp/otlp-sink-options.js';
export type { ParquetCompression } from './destinations/parquet/parquet-task.js';
export { S3Sink } from './destinations/s3/s3-sink.js';
export type { S3Credentials, S3SinkOptions } from './destinations/s3/s3-sink-options.js';
export type { CellDifference } from './replay/compare-frames.js';
export { formatReplayReport } from './replay/format-replay-report.js';
export { replay } from './replay/replay.js';
export type { ReplayAnswer, ReplayOptions } from './replay/replay.js';
export type { ReplayedColumn, ReplayExample, ReplayFailure, ReplayReport } from './replay/replay-report.js';
export type { ServerTargetOptions } from './replay/server-target.js';
export type { Tolerance, ToleranceOption } from './replay/tolerance.js';
export { readRecords } from './replay/read-records.js';
export type { ReadRecordsOptions } from './replay/read-records.js';

// For sibling packages (@internal).
export { DESTINATION_ERRORS } from './destinations/destinations.errors.js';
export { REPLAY_ERRORS } from './replay/replay.errors.js';
export { encodeInferenceLogs } from './destinations/hushar/encode-inference-logs.js';
export { parseJsonLine } from './destinations/layout/parse-json-line.js';
export { SINKS_ERRORS } from './sinks.errors.js';
