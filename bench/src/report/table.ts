import type { Figure, SuiteReport } from './figure.js';

const HEAD = ['figure', 'value', 'yardstick', 'ratio', 'ratios seen', 'target', 'met'];

/** The figures of a suite as a table that is Markdown and readable as it is. */
export function suiteTable(name: string, { figures, remarks = [], skipped }: SuiteReport): string {
  const title = `## ${name}\n`;
  if (skipped !== undefined) return `${title}\nskipped: ${skipped}\n`;
  const notes = remarks.map((remark) => `- ${remark}\n`).join('');
  return `${title}\n${figures.length > 0 ? table(figures) : ''}${notes === '' ? '' : `\n${notes}`}`;
}

function table(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|\n`;
  return line(rows[0]!) + rule + rows.slice(1).map(line).join('');
}

function cells(figure: Figure): string[] {
  const { name, unit, value, yardstick, ratio, ratios = [], target, met } = figure;
  return [
    name,
    `${rounded(value)} ${unit}`.trim(),
    yardstick ? `${rounded(yardstick.value)} (${yardstick.name})` : '',
    ratio === undefined ? '' : rounded(ratio),
    ratios.length > 1 ? `${rounded(Math.min(...ratios))}-${rounded(Math.max(...ratios))}` : '',
    target
      ? `${target.at === 'most' ? '<=' : '>='} ${target.limit}${target.of === 'value' ? ` ${unit}` : ''}`.trim()
      : '',
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

/** Three significant digits; whole numbers from 1000 on. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
