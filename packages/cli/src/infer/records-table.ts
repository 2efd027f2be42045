import { textTable } from '../settings/text-table.js';

/** The records (or columns) of an answer in aligned columns. */
export function recordsTable(answer: string): string {
  const { records, columns } = JSON.parse(answer) as {
    records?: readonly Record<string, unknown>[];
    columns?: Readonly<Record<string, readonly unknown[]>>;
  };
  if (columns) {
    const names = Object.keys(columns);
    const rows = Math.max(0, ...names.map((name) => columns[name]!.length));
    return textTable(
      ['row', ...names],
      Array.from({ length: rows }, (_, i) => [`${i}`, ...names.map((name) => cell(columns[name]![i]))]),
    );
  }
  const names = [...new Set((records ?? []).flatMap((record) => Object.keys(record)))];
  return textTable(
    ['row', ...names],
    (records ?? []).map((record, i) => [`${i}`, ...names.map((name) => cell(record[name]))]),
  );
}

function cell(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
