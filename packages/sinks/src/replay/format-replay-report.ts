import type { ReplayReport } from './replay-report.js';

const MAX_VALUE_CHARS = 60;

/** A report as text for people. */
export function formatReplayReport(report: ReplayReport): string {
  const { records, compared, uncompared, failed, skipped, rows, equal, different, maxAbsDifference } = report;
  const share = rows === 0 ? '0' : ((100 * different) / rows).toFixed(1);
  const lines = [
    `${records} records: ${compared} compared, ${uncompared} without a logged answer, ${failed} failed, ${skipped} skipped`,
    `${rows} rows: ${equal} equal, ${different} different (${share} %), largest difference ${maxAbsDifference}`,
    ...columnLines(report),
    ...exampleLines(report),
    ...failureLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

function columnLines({ columns }: ReplayReport): string[] {
  const cells = Object.entries(columns).map(([name, { differentRows, maxAbsDifference }]) => [
    name,
    String(differentRows),
    maxAbsDifference === undefined ? '' : String(maxAbsDifference),
  ]);
  if (cells.length === 0) return [];
  const table = [['column', 'different rows', 'largest difference'], ...cells];
  const widths = [0, 1].map((i) => Math.max(...table.map((row) => row[i]!.length)));
  return ['', ...table.map(([a, b, c]) => `${a!.padEnd(widths[0]!)}  ${b!.padEnd(widths[1]!)}  ${c}`.trimEnd())];
}

function exampleLines({ examples }: ReplayReport): string[] {
  if (examples.length === 0) return [];
  const lines = examples.map(
    ({ id, requestId, row, column, logged, replayed }) =>
      `  ${id} (request ${requestId}), row ${row}, ${column}: ${shown(logged)} then, ${shown(replayed)} now`,
  );
  return ['', 'first differences', ...lines];
}

function failureLines({ failures }: ReplayReport): string[] {
  if (failures.length === 0) return [];
  const lines = failures.map(
    ({ id, requestId, code, message }) => `  ${id} (request ${requestId}): ${code}: ${message}`,
  );
  return ['', 'first failures', ...lines];
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const plain = ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;
  const text = typeof plain === 'bigint' ? String(plain) : (JSON.stringify(plain, withTexts) ?? String(plain));
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS)}…` : text;
}

/** What JSON does not hold. */
function withTexts(_: string, value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}
