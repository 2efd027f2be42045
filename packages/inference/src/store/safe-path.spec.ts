import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeRelativePath } from './safe-path.js';

const refused = { code: 'INF_ERR_STORE_PATH' };

describe('safeRelativePath', () => {
  it.each(['model.onnx', 'iris/3/model.onnx', 'a b/ü/模型.onnx', '..a/b..', '...', 'ab:c', '%2e%2e/x'])(
    'lets %j pass as it is',
    (path) => expect(safeRelativePath(path)).toBe(path),
  );

  it.each([
    '',
    '.',
    '..',
    'a/..',
    '/a',
    '//a',
    'a//b',
    'a/',
    './a',
    'a\\b',
    '\\\\host\\x',
    'c:x',
    'C:/x',
    'a\0',
    'a\r\nb',
    '\u202egpj.xnno',
    '\ud800',
    'x'.repeat(256),
    'a/'.repeat(600) + 'a',
  ])('refuses %j', (path) => expect(() => safeRelativePath(path)).toThrow(expect.objectContaining(refused)));

  it('prints a refused path so that it cannot forge a line of a log', () => {
    expect(() => safeRelativePath('a\nERROR forged\u2028x')).toThrow(/^the path "a\\nERROR forged\\u2028x" is refused/);
  });

  it('what passes stays below any root, on every system', () => {
    const piece = fc.constantFrom('a', '..', '.', '', '/', '\\', 'C:', '\0', '...', ' ', 'b.onnx', '~');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
        (path) => {
          try {
            safeRelativePath(path);
          } catch {
            return;
          }
          expect(posix.join('/root', path).startsWith('/root/')).toBe(true);
          expect(win32.join('D:\\root', path).startsWith('D:\\root\\')).toBe(true);
        },
      ),
    );
  });
});
