import { describe, expect, it } from 'vitest';
import type { LogRecord } from '../../sink/log-record.js';
import { PathTemplate } from './path-template.js';

const record: LogRecord = {
  id: 'a',
  requestId: 'r',
  epochMs: Date.UTC(2026, 2, 4, 5, 6, 7, 89),
  kind: 'model',
  point: 'iris',
  service: 'predictions/iris/:run',
  model: 'iris',
  version: '..',
  durationMs: 0,
};
const pathOf = (template: string, changed: Partial<LogRecord> = {}): string =>
  new PathTemplate(template, 'my records').place({ ...record, ...changed }).path('UUID');

describe('a path template', () => {
  it("fills in the record's time in UTC, the name and the file's own", () => {
    expect(pathOf('dt={yyyy}-{MM}-{dd}/hour={HH}/{name}-{uuid}.ndjson')).toBe(
      'dt=2026-03-04/hour=05/my%20records-UUID.ndjson',
    );
    expect(pathOf('year={yyyy}/month={MM}/day={dd}/hour={HH}/mi={mm}/{uuid}_{micros}.pb')).toBe(
      'year=2026/month=03/day=04/hour=05/mi=06/UUID_1772600767089000.pb',
    );
  });

  it('makes no path of what a caller may choose', () => {
    expect(pathOf('s={service}/v={version}/{uuid}')).toBe('s=predictions%2Firis%2F%3Arun/v=%2E%2E/UUID');
    for (const version of [
      '../..',
      '.',
      '..',
      'a/../b',
      'a\\b',
      'a\0b',
      '\ud800',
      '',
      'x'.repeat(5000),
      '%'.repeat(99),
    ]) {
      const path = pathOf('{version}/{uuid}', { version });
      expect(path).toMatch(/^[\w%.-]{1,120}\/UUID$/);
      expect(path).not.toMatch(/^\.+\//);
      expect(() => decodeURIComponent(path)).not.toThrow();
    }
    expect(pathOf('{version}/{model}/{variant}/{uuid}', { version: undefined, model: undefined })).toBe(
      'none/none/none/UUID',
    );
  });

  it('takes records apart by what it names, and only by that', () => {
    const template = new PathTemplate('{yyyy}/{model}/{uuid}_{micros}', 'x');
    const partition = (changed: Partial<LogRecord>): string => template.place({ ...record, ...changed }).partition;
    expect(partition({ epochMs: record.epochMs + 1 })).toBe(partition({}));
    expect(partition({ model: 'other' })).not.toBe(partition({}));
  });

  it.each([
    ['{year}/{uuid}', 'there is no {year}'],
    ['a/b.ndjson', 'put {uuid} into it'],
    ['../{uuid}', 'relative path'],
    ['/tmp/{uuid}', 'relative path'],
    ['a//{uuid}', 'relative path'],
    ['a\\{uuid}', 'relative path'],
  ])('refuses %s', (template, text) => {
    expect(() => new PathTemplate(template, 'x')).toThrow(
      expect.objectContaining({ code: 'SINK_ERR_DESTINATION', message: expect.stringContaining(text) }),
    );
  });
});
