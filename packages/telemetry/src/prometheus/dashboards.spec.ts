import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../metrics/catalogue.js';
import { SUMMARY_INSTRUMENTS } from '../summary/summary-metrics.js';
import { counterName, familyName, labelName } from './metric-names.js';

const read = (name: string): string => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
const guide = readFileSync(fileURLToPath(new URL('../../../../docs/guide/metrics.md', import.meta.url)), 'utf8');

const ALL = [...CATALOGUE, ...SUMMARY_INSTRUMENTS];

/** What a Prometheus server has of Witan, by name. */
const SERIES = new Set(
  ALL.flatMap((definition) => {
    const family = familyName(definition);
    if (definition.kind === 'histogram') return [`${family}_bucket`, `${family}_sum`, `${family}_count`];
    return [definition.kind === 'counter' ? counterName(family) : family];
  }),
);
const LABELS = new Set(ALL.flatMap(({ labels }) => labels.map(labelName)));

function metricsIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:witan|http|rpc|nodejs|process|v8js)_[a-z0-9_]+\b/g) ?? [])].filter(
    (name) => !LABELS.has(name),
  );
}

describe('the dashboard and the alert rules', () => {
  it.each(['dashboards/witan.json', 'dashboards/witan-alerts.yaml', 'dashboards/witan-alerts.test.yaml'])(
    '%s names only metrics that there are',
    (file) => {
      const named = metricsIn(read(file));
      expect(named.length).toBeGreaterThan(4);
      expect(named.filter((name) => !SERIES.has(name))).toEqual([]);
    },
  );
});

describe('docs/guide/metrics.md', () => {
  it.each(CATALOGUE.map((definition) => [definition.name, definition] as const))(
    'has %s with its unit and labels',
    (name, { unit, labels }) => {
      const row = guide.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row, name).toBeDefined();
      const [, , , shownUnit, shownLabels] = row!.split('|').map((cell) => cell.trim());
      expect(shownUnit).toBe(`\`${unit}\``);
      expect((shownLabels!.match(/`[^`]+`/g) ?? []).map((label) => label.slice(1, -1))).toEqual(labels);
    },
  );
});
