/** One line of a sample. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar: { readonly labels: Readonly<Record<string, string>>; readonly value: number } | undefined;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const NUMBER = '[+-]?(?:Inf|NaN|(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?)';
const LABELS = `\\{(?:${LABEL}(?:,${LABEL})*)?\\}`;
const EXEMPLAR = ` # (${LABELS}) (${NUMBER})(?: (${NUMBER}))?`;
const SAMPLE = new RegExp(`^(${NAME})(${LABELS})? (${NUMBER})(?:${EXEMPLAR})?$`);

/**
 * Reads Prometheus' text form, or OpenMetrics, and takes nothing that its grammar and its rules do not allow: order,
 * repeated families and series, suffixes by type, buckets that rise and end with +Inf.
 * @throws {Error} naming the line
 */
export function parseExposition(text: string, form: 'text' | 'openmetrics'): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (form === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('# EOF is missing');
  const families = new Map<string, Family & { samples: Sample[] }>();
  const seen = new Set<string>();
  let current: (Family & { samples: Sample[] }) | undefined;
  let help: { name: string; text: string } | undefined;
  for (const [i, line] of lines.entries()) {
    const fail = (why: string): never => {
      throw new Error(`line ${i + 1}: ${why}: ${line}`);
    };
    const described = new RegExp(`^# HELP (${NAME}) (.*)$`).exec(line);
    if (described) {
      help = { name: described[1]!, text: described[2]! };
      continue;
    }
    const typed = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line);
    if (typed) {
      const [, name, type] = typed as unknown as [string, string, string];
      if (families.has(name)) fail('a second time');
      if (help?.name !== name) fail('its HELP does not stand before it');
      current = { name, type, help: help!.text, samples: [] };
      families.set(name, current);
      continue;
    }
    const found = SAMPLE.exec(line) ?? fail('no sample');
    const name = found[1]!;
    if (!current || !namesOf(current, form).includes(name)) fail('not of the family before it');
    const series = `${name}${found[2] ?? ''}`;
    if (seen.has(series)) fail('the series has a value already');
    seen.add(series);
    const exemplar = /^.*? # (\{.*?\}) (\S+)/.exec(line);
    if (exemplar && (form !== 'openmetrics' || !name.endsWith('_bucket'))) fail('no exemplar is allowed here');
    current!.samples.push({
      name,
      labels: labelsOf(found[2] ?? ''),
      value: numberOf(line.slice(series.length + 1).split(' ')[0]!),
      exemplar: exemplar ? { labels: labelsOf(exemplar[1]!), value: numberOf(exemplar[2]!) } : undefined,
    });
  }
  for (const family of families.values()) if (family.type === 'histogram') checkBuckets(family);
  return families;
}

function namesOf({ name, type }: Family, form: 'text' | 'openmetrics'): string[] {
  if (type === 'histogram') return [`${name}_bucket`, `${name}_sum`, `${name}_count`];
  return [type === 'counter' && form === 'openmetrics' ? `${name}_total` : name];
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(new RegExp(LABEL, 'g'))) {
    if (name! in labels) throw new Error(`the label ${name} is there twice: ${text}`);
    labels[name!] = value!.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function checkBuckets({ name, samples }: Family): void {
  const groups = new Map<string, { buckets: Sample[]; count?: number }>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    const group = groups.get(key) ?? { buckets: [] };
    groups.set(key, group);
    if (sample.name.endsWith('_bucket')) group.buckets.push(sample);
    if (sample.name.endsWith('_count')) group.count = sample.value;
  }
  for (const [key, { buckets, count }] of groups) {
    const bounds = buckets.map(({ labels }) => numberOf(labels['le']!));
    const values = buckets.map(({ value }) => value);
    const rises = (list: readonly number[], strictly: boolean) =>
      list.every((value, i) => i === 0 || (strictly ? value > list[i - 1]! : value >= list[i - 1]!));
    if (!rises(bounds, true) || bounds.at(-1) !== Infinity) throw new Error(`${name}${key}: bounds ${bounds.join()}`);
    if (!rises(values, false) || values.at(-1) !== count) throw new Error(`${name}${key}: buckets ${values.join()}`);
  }
}
