import { describe, expect, it } from 'vitest';
import type { ColumnSpec } from '../../schema/spec.js';
import { column, definition, schema } from '../harness.spec.support.js';
import { checkProtoLock } from './proto-lock.js';
import { protoOf } from './proto-of.js';

function service(columns: ColumnSpec[]) {
  return [definition({ input: schema('In', columns) })];
}

const BEFORE = [column('width', 'f32'), column('height', 'f32'), column('label', 'utf8')];
const lock = protoOf(service(BEFORE));

function broken(columns: ColumnSpec[]): string {
  try {
    checkProtoLock(lock, service(columns));
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('checkProtoLock', () => {
  it('takes the same services and additions', () => {
    expect(broken(BEFORE)).toBe('');
    expect(broken([...BEFORE, column('depth', 'f64')])).toBe('');
    expect(broken([column('depth', 'f64', { field: 4 }), ...BEFORE.map((c, i) => ({ ...c, field: i + 1 }))])).toBe('');
  });

  it('takes a column that is gone while its number stays free', () => {
    expect(broken([BEFORE[0]!, BEFORE[1]!])).toBe('');
  });

  it('refuses a renumbering, naming message, field and both numbers', () => {
    expect(broken([BEFORE[1]!, BEFORE[0]!, BEFORE[2]!])).toContain(
      'iris.v1.IrisInputRow: field width had number 1, now 2',
    );
    expect(broken([BEFORE[1]!, BEFORE[0]!, BEFORE[2]!])).toContain(
      'iris.v1.IrisInputColumns: field height had number 2, now 1',
    );
  });

  it('refuses a changed type', () => {
    expect(broken([BEFORE[0]!, column('height', 'i64'), BEFORE[2]!])).toContain(
      'field height (number 2) was float, now int64',
    );
    expect(broken([BEFORE[0]!, column('height', 'f32', { shape: [2] }), BEFORE[2]!])).toContain(
      'was float, now repeated float',
    );
  });

  it('refuses a number that means something else now', () => {
    expect(broken([BEFORE[0]!, column('weight', 'f32'), BEFORE[2]!])).toContain(
      'number 2 was field height (float), now it is weight (float)',
    );
  });

  it('refuses a service or package that is gone', () => {
    expect(() => checkProtoLock(lock, [definition({ protoService: 'Other' })])).toThrow(
      /iris\.v1\.IrisService\/Predict: the method is gone/,
    );
    expect(() => checkProtoLock(lock, [])).toThrow(/iris\.v1\.IrisInputRow: the message is gone/);
  });

  it('reads a lock whose comments and spaces an editor changed', () => {
    const edited = lock
      .replaceAll('  ', '\t')
      .replaceAll(/^\/\/.*$/gm, '')
      .replaceAll('\n', '\r\n');
    expect(() => checkProtoLock(edited, service(BEFORE))).not.toThrow();
    expect(() => checkProtoLock(edited, service([BEFORE[1]!, BEFORE[0]!]))).toThrow(/CORE_ERR|had number/);
  });
});
