import { columnOf, encodeJsonRecords, Frame } from '@witan/core/frame';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyRecord } from '../../record/records.spec.arbitrary.js';
import type { LogRecord } from '../../sink/log-record.js';
import { typesText } from './column-types.js';
import { flatFrame, layoutOf } from './flat-frame.js';
import { jsonLine } from './json-line.js';
import { parseJsonLine } from './parse-json-line.js';
import { recordsOfTable } from './records-of-table.js';

/** Everything but the Frames; phases of which none is known are none. */
const facts = ({ input: _, output: __, raw, phases, ...rest }: LogRecord): object => ({
  ...JSON.parse(JSON.stringify({ ...rest, ...(Object.keys(phases ?? {}).length > 0 && { phases }) })),
  raw: raw && [raw.contentType, Buffer.from(raw.body).toString('hex')],
});

type SameFrame = (back: Frame, frame: Frame) => boolean;

function expectSame(back: LogRecord, record: LogRecord, isSame: SameFrame = Frame.equals): void {
  expect(facts(back)).toEqual(facts(record));
  for (const part of ['input', 'output'] as const) {
    expect(back[part] === undefined).toBe(record[part] === undefined);
    if (record[part]) expect(isSame(back[part]!, record[part])).toBe(true);
  }
}

/** JSON has no -0. */
const sameButForMinusZero: SameFrame = (back, frame) =>
  typesText(back, undefined) === typesText(frame, undefined) && encodeJsonRecords(back) === encodeJsonRecords(frame);

const known = { id: 'a', requestId: 'r', epochMs: 1, kind: 'model', point: 'm', service: '', durationMs: 0 } as const;

describe('a record as a line of JSON', () => {
  it('comes back with every type and value', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const line = jsonLine(record);
        expect(line).not.toContain('\n');
        expectSame(parseJsonLine(line), record, sameButForMinusZero);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps integers that a double cannot, and doubles that look like such', () => {
    const input = new Frame([
      ['i', columnOf('i64', [2n ** 62n + 1n])],
      ['f', columnOf('f64', [2 ** 70])],
      ['text', columnOf('utf8', ['12345678901234567890 "12345678901234567"'])],
    ]);
    const line = jsonLine({ ...known, input });
    expect(line).toContain('4611686018427387905');
    expect(Frame.equals(parseJsonLine(line).input!, input)).toBe(true);
  });

  it('can be read by anybody', () => {
    const input = Frame.fromColumns({ x: Float32Array.of(0.1), name: ['a'] });
    expect(JSON.parse(jsonLine({ ...known, epochMs: Date.UTC(2026, 0, 2, 3), traceId: 'ab', input }))).toEqual({
      ...known,
      epochMs: 1767322800000,
      time: '2026-01-02T03:00:00.000Z',
      traceId: 'ab',
      types: { input: { x: 'f32', name: 'utf8' } },
      input: [{ x: 0.1, name: 'a' }],
    });
  });

  it('without its types is read as plain JSON, and what is no record is refused', () => {
    const line = '{"id":"a","epochMs":1,"input":[{"x":1,"y":"b"}]}';
    expect(parseJsonLine(line).input!.records()).toEqual([{ x: 1, y: 'b' }]);
    for (const bad of ['', '{', 'null', '7', '{"id":"a"}', '{"id":1,"epochMs":1}'])
      expect(() => parseJsonLine(bad)).toThrow();
    expect(() => parseJsonLine('{"id":"a","epochMs":1,"types":{"input":{"x":"f99"}},"input":[]}')).toThrow("'f99'");
  });
});

describe('records as a table', () => {
  it('come back with every type and value', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 3 }), (records) => {
        const groups = new Map(
          records.map((record) => [layoutOf(record), records.filter((each) => layoutOf(each) === layoutOf(record))]),
        );
        for (const group of groups.values()) {
          const back = [...recordsOfTable(flatFrame(group))];
          expect(back).toHaveLength(group.length);
          group.forEach((record, i) => expectSame(back[i]!, { ...record, epochMs: Math.round(record.epochMs) }));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('have one row for each row, nulls where one Frame is shorter, and one row where there is none', () => {
    const input = Frame.fromColumns({
      x: Float32Array.of(1, 2, 3),
      v: columnOf('f64', [[1, 2], null, [3, 4]], { shape: [2] }),
    });
    const output = Frame.fromColumns({ y: ['a'] });
    const table = flatFrame([
      { ...known, input, output },
      { ...known, id: 'b', input: input.slice(0, 0), output: output.slice(0, 0) },
    ]);
    expect(table.column('id').toArray()).toEqual(['a', 'a', 'a', 'b']);
    expect(table.column('row').toArray()).toEqual([0, 1, 2, 0]);
    expect(table.column('input.x').toArray()).toEqual([1, 2, 3, null]);
    expect(table.column('input.v').dtype.name).toBe('list<f64>');
    expect(table.column('input.v').toArray()).toEqual([Float64Array.of(1, 2), null, Float64Array.of(3, 4), null]);
    expect(table.column('output.y').toArray()).toEqual(['a', null, null, null]);
  });

  it('that were delivered twice stay two', () => {
    const record = { ...known, input: Frame.fromColumns({ x: Float32Array.of(1, 2) }) };
    expect([...recordsOfTable(flatFrame([record, record]))]).toHaveLength(2);
  });

  it('of something else are refused', () => {
    expect(() => [...recordsOfTable(Frame.fromColumns({ x: ['a'] }))]).toThrow("no column 'id'");
  });
});
