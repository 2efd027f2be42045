import type { ExperimentJson, ExperimentSummary } from '@witan/inference';
import { textTable } from '../settings/text-table.js';

/** All experiments, one a line. */
export function experimentsTable(experiments: readonly ExperimentJson[]): string {
  if (experiments.length === 0) return 'there are no experiments\n';
  const rows = experiments.map(({ name, variants, key, killed, ramp }) => [
    name,
    variants.map((variant) => `${variant.name} ${percent(variant.weight)}`).join(', '),
    key,
    killed ? 'killed: everything to the control' : ramp ? `${ramp.variant} on its way to ${percent(ramp.to)}` : '',
  ]);
  return textTable(['EXPERIMENT', 'VARIANTS', 'KEY', 'REMARKS'], rows);
}

/** One experiment with its variants and shadows. */
export function experimentText(experiment: ExperimentJson): string {
  const { variants, shadows } = experiment;
  const rows = variants.map((each) => [
    each.name,
    each.model,
    percent(each.weight),
    ...[each.requests, each.errors, each.fallbacks, each.forced].map(String),
  ]);
  const copies = shadows.map((each) => [
    each.model,
    each.matchRate === undefined ? '-' : percent(each.matchRate),
    String(each.maxDifference),
    ...[each.compared, each.failed, each.unavailable, each.dropped].map(String),
  ]);
  return [
    experimentsTable([experiment]),
    textTable(['VARIANT', 'MODEL', 'SHARE', 'REQUESTS', 'ERRORS', 'FALLBACKS', 'FORCED'], rows),
    ...(copies.length > 0
      ? [textTable(['SHADOW', 'EQUAL', 'MAX DIFFERENCE', 'COMPARED', 'FAILED', 'UNAVAILABLE', 'DROPPED'], copies)]
      : []),
  ].join('\n');
}

/** What came of an experiment. */
export function summaryText({ variants, differences, sampleRatio, confidence, since }: ExperimentSummary): string {
  const rows = Object.entries(variants).flatMap(([variant, { units, metrics }]) => {
    const lines = Object.entries(metrics).map(([metric, { value, low, high }]) => {
      const difference = differences[variant]?.[metric];
      return [
        variant,
        String(units),
        metric,
        interval(value, low, high),
        difference ? interval(difference.value, difference.low, difference.high) : '',
      ];
    });
    return lines.length > 0 ? lines : [[variant, String(units), '', '', '']];
  });
  const shares = sampleRatio.ok
    ? `shares are as the weights say (p ${round(sampleRatio.p)})`
    : `SHARES ARE NOT AS THE WEIGHTS SAY (p ${round(sampleRatio.p)}): find out why before you trust the rest`;
  const table = textTable(['VARIANT', 'UNITS', 'METRIC', 'VALUE', 'LESS THE CONTROL'], rows);
  return `since ${since}, intervals of ${percent(confidence)}; ${shares}\n\n${table}`;
}

function interval(value: number | undefined, low: number | undefined, high: number | undefined): string {
  if (value === undefined) return '-';
  return low === undefined || high === undefined ? round(value) : `${round(value)} (${round(low)} to ${round(high)})`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
