import type { LogRecord } from '../sink/log-record.js';
import type { CellDifference, FrameComparison } from './compare-frames.js';

/** A difference with the record that it was seen in. */
export interface ReplayExample extends CellDifference {
  readonly id: string;
  readonly requestId: string;
}

/** A record that could not be answered this time. */
export interface ReplayFailure {
  readonly id: string;
  readonly requestId: string;
  /** The error's code, or its name. */
  readonly code: string;
  readonly message: string;
}

/** One column of the answers. */
export interface ReplayedColumn {
  differentRows: number;
  /** The largest distance of two numbers, whether it was tolerated or not; absent where there was none. */
  maxAbsDifference?: number;
}

/** What came of a replay. Every record read is in `compared`, `uncompared`, `failed` or `skipped`. */
export interface ReplayReport {
  /** Records read. */
  records: number;
  /** Records answered and compared. */
  compared: number;
  /** Records answered that had no logged output to compare with. */
  uncompared: number;
  /** Records that were not answered this time. */
  failed: number;
  /** Records that cannot be replayed: no input was logged, or it has no rows; or they failed when they were logged. */
  skipped: number;
  /** Rows compared: `equal` and `different`. */
  rows: number;
  equal: number;
  different: number;
  maxAbsDifference: number;
  columns: Record<string, ReplayedColumn>;
  /** The first differences. */
  examples: ReplayExample[];
  /** The first failures. */
  failures: ReplayFailure[];
}

export function emptyReport(): ReplayReport {
  return {
    ...{ records: 0, compared: 0, uncompared: 0, failed: 0, skipped: 0 },
    ...{ rows: 0, equal: 0, different: 0, maxAbsDifference: 0 },
    columns: Object.create(null) as Record<string, ReplayedColumn>,
    examples: [],
    failures: [],
  };
}

/** Adds what one record gave. */
export function addComparison(report: ReplayReport, record: LogRecord, seen: FrameComparison): void {
  report.compared++;
  report.rows += seen.rows;
  report.equal += seen.equalRows;
  report.different += seen.rows - seen.equalRows;
  for (const [name, rows] of seen.differentRows) columnOf(report, name).differentRows += rows;
  for (const [name, distance] of seen.distances) {
    const column = columnOf(report, name);
    column.maxAbsDifference = Math.max(column.maxAbsDifference ?? 0, distance);
    report.maxAbsDifference = Math.max(report.maxAbsDifference, distance);
  }
  for (const example of seen.examples) report.examples.push({ id: record.id, requestId: record.requestId, ...example });
}

export function addFailure(report: ReplayReport, record: LogRecord, error: unknown, maxFailures: number): void {
  report.failed++;
  if (report.failures.length >= maxFailures) return;
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
  const { id, requestId } = record;
  report.failures.push({ id, requestId, code: String(code ?? name ?? 'Error'), message: String(message ?? error) });
}

function columnOf(report: ReplayReport, name: string): ReplayedColumn {
  return (report.columns[name] ??= { differentRows: 0 });
}
