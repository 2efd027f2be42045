import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafeRelativePath } from '../../../store/safe-path.js';
import { compileTemplate } from './path-template.js';

describe('path templates', () => {
  it.each([
    ['iris/:run/:model', ['run', 'model'], { run: 7, model: 'small' }, 'iris/7/small'],
    ['iris/v:major.:minor/model.onnx', ['major', 'minor'], { major: '1', minor: '2' }, 'iris/v1.2/model.onnx'],
    [':a/:a', ['a'], { a: 'x' }, 'x/x'],
    ['iris/plain', [], {}, 'iris/plain'],
    [':name', ['name'], { name: 'été 2026' }, 'été 2026'],
  ])('%s resolves', (template, params, values, path) => {
    const compiled = compileTemplate(template);
    expect(compiled.params).toEqual(params);
    expect(compiled.resolve(values)).toBe(path);
  });

  it.each(['', '/x', 'x/', 'a//b', '../:x', 'a/./b', 'a\\b', ':1', 'a/:', '.hidden/:x', 'x\0'])(
    'the template %j is refused',
    (template) => {
      expect(() => compileTemplate(template)).toThrow(expect.objectContaining({ code: 'INF_ERR_OPTIONS' }) as Error);
    },
  );

  it.each([
    ['..', /begins with '\.'/],
    ['.', /begins with '\.'/],
    ['.git', /begins with '\.'/],
    ['a/b', /slash/],
    ['a\\b', /slash/],
    ['', /empty/],
    ['a\0b', /characters/],
    ['a\nb', /characters/],
    ['a\u202eb', /characters/],
    ['\ud800', /characters/],
    ['C:', /characters/],
    ['%2e%2e%2fetc', /percent-encoded/],
    ['x'.repeat(256), /longer than 255 bytes/],
    ['é'.repeat(128), /longer than 255 bytes/],
    [undefined, /is missing/],
    [null, /is missing/],
    [{}, /is missing/],
    [['x'], /is missing/],
  ])('the value %j is refused', (run, message) => {
    const resolve = (): string => compileTemplate('iris/:run').resolve({ run });
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(expect.objectContaining({ code: 'INF_ERR_MODEL_PARAM', httpStatus: 422 }) as Error);
  });

  it('takes no value from what every object has', () => {
    expect(() => compileTemplate(':constructor').resolve({})).toThrow(/'constructor' is missing/);
  });

  it('refuses values whose parts together leave the folder or pass the limits', () => {
    expect(() => compileTemplate(':a:b').resolve({ a: 'x'.repeat(200), b: 'x'.repeat(200) })).toThrow(
      /longer than 255/,
    );
    const long = compileTemplate(':a/:a/:a/:a/:a');
    expect(() => long.resolve({ a: 'x'.repeat(250) })).toThrow(/longer than 1024 bytes/);
  });

  it('gives one path below the store, of as many segments as it has, or refuses', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('..', '.', '/', '%2f', '\\', '\0', 'ok'),
    );
    const template = compileTemplate('iris/:a/x:b');
    fc.assert(
      fc.property(value, value, (a, b) => {
        let path: string;
        try {
          path = template.resolve({ a, b });
        } catch (error) {
          expect(error).toMatchObject({ code: 'INF_ERR_MODEL_PARAM' });
          return;
        }
        expect(path.split('/')).toEqual(['iris', a, `x${b}`]);
        expect(isSafeRelativePath(path)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
