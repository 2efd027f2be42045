import {
  type Exemplar,
  type HistogramMetric,
  type HistogramPoint,
  isHistogram,
  type Labels,
  type Metric,
  type MetricSnapshot,
  type NumberMetric,
} from '../metrics/snapshot.js';
import { counterName, familyName, labelName } from './metric-names.js';

/** `text`: Prometheus' own form 0.0.4. `openmetrics`: OpenMetrics 1.0, which has exemplars. */
export type ExpositionForm = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<ExpositionForm, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export interface ExpositionOptions {
  readonly form: ExpositionForm;
  readonly exemplars: boolean;
}

/** All metrics as the text that a Prometheus server scrapes. */
export function exposition({ metrics }: MetricSnapshot, options: ExpositionOptions): string {
  let text = '';
  // Families of one name must stand together, whoever brought them.
  for (const family of familiesOf(metrics).values()) text += familyText(family, options);
  return options.form === 'openmetrics' ? `${text}# EOF\n` : text;
}

function familiesOf(metrics: readonly Metric[]): Map<string, Metric[]> {
  const families = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const name = familyName(metric.descriptor);
    const known = families.get(name);
    if (!known) families.set(name, [metric]);
    // A name of two kinds cannot be written down: the first one stands.
    else if (known[0]!.descriptor.kind === metric.descriptor.kind) known.push(metric);
  }
  return families;
}

function familyText(metrics: readonly Metric[], options: ExpositionOptions): string {
  const { descriptor } = metrics[0]!;
  const family = familyName(descriptor);
  const isCounter = descriptor.kind === 'counter';
  const sample = isCounter ? counterName(family) : family;
  const name = options.form === 'text' ? sample : family;
  const type = descriptor.kind === 'updown' ? 'gauge' : descriptor.kind;
  let text = `# HELP ${name} ${helpText(descriptor.description, options.form)}\n# TYPE ${name} ${type}\n`;
  for (const metric of metrics)
    text += isHistogram(metric) ? histogramText(metric, family, options) : numbersText(metric, sample);
  return text;
}

function numbersText({ points }: NumberMetric, name: string): string {
  let text = '';
  for (const { labels, value } of points) text += `${name}${braced(labelText(labels))} ${numberText(value)}\n`;
  return text;
}

function histogramText({ descriptor, points }: HistogramMetric, family: string, options: ExpositionOptions): string {
  let text = '';
  const bounds = boundTexts(descriptor.bounds, options.form);
  for (const point of points) text += pointText(point, bounds, family, options);
  return text;
}

function pointText(
  point: HistogramPoint,
  bounds: readonly string[],
  family: string,
  options: ExpositionOptions,
): string {
  const { labels, counts, count, sum, exemplars } = point;
  const own = labelText(labels);
  const before = `${family}_bucket{${own === '' ? '' : `${own},`}le="`;
  const shown = options.form === 'openmetrics' && options.exemplars ? exemplars : undefined;
  let text = '';
  let cumulative = 0;
  for (let i = 0; i < bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    text += `${before}${bounds[i]}"} ${cumulative}${exemplarText(shown?.[i])}\n`;
  }
  return `${text}${family}_sum${braced(own)} ${numberText(sum)}\n${family}_count${braced(own)} ${count}\n`;
}

/** OpenMetrics wants bounds to look like floats. */
function boundTexts(bounds: readonly number[], form: ExpositionForm): string[] {
  const texts = bounds.map((bound) =>
    form === 'openmetrics' && Number.isInteger(bound) ? bound.toFixed(1) : String(bound),
  );
  return [...texts, '+Inf'];
}

function exemplarText(exemplar: Exemplar | undefined): string {
  if (!exemplar) return '';
  const { traceId, spanId, value, epochMs } = exemplar;
  return ` # {trace_id="${traceId}",span_id="${spanId}"} ${numberText(value)} ${(epochMs / 1000).toFixed(3)}`;
}

/** Series keep their labels object for as long as they live: its text is made once. */
const TEXTS = new WeakMap<Labels, string>();

function labelText(labels: Labels): string {
  let text = TEXTS.get(labels);
  if (text === undefined) {
    text = Object.entries(labels)
      .map(([name, value]) => `${labelName(name)}="${valueText(value)}"`)
      .join(',');
    TEXTS.set(labels, text);
  }
  return text;
}

function braced(text: string): string {
  return text === '' ? '' : `{${text}}`;
}

function valueText(value: string): string {
  const text = value.toWellFormed();
  return text.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

function helpText(text: string, form: ExpositionForm): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return form === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
