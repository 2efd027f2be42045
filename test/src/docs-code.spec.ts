import { describe, expect, it } from 'vitest';
import { type CodeBlock, codeBlocks } from './harness/markdown.js';
import { filesUnder, workspaces } from './harness/repository.js';
import { typeCheck } from './harness/type-check.js';

/** What may stand after ```ts: nothing, or this, for code that goes on where the page's last block ended. */
const CONTINUES = 'continues';

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...filesUnder('docs', '.md'),
  ...workspaces('packages').flatMap(({ folder }) => filesUnder(folder, 'README.md')),
  ...workspaces('apps').flatMap(({ folder }) => filesUnder(folder, 'README.md')),
];

const blocks = pages.flatMap(codeBlocks).filter(({ language }) => /^(ts|typescript)$/i.test(language));

/** A block's own code after that of the blocks that it continues, each line with its line in the page. */
function moduleOf(block: CodeBlock, index: number): { code: string; pageLines: number[] } {
  const own = block.code.split('\n').slice(0, -1);
  const pageLines = own.map((_, line) => block.line + line);
  if (block.info !== CONTINUES) return { code: block.code, pageLines };
  const before = moduleOf(blocks[index - 1]!, index - 1);
  return { code: before.code + block.code, pageLines: [...before.pageLines, ...pageLines] };
}

describe('TypeScript in the documentation', () => {
  it('is marked as ts, or as ts continues', () => {
    const odd = blocks.filter(({ language, info }) => language !== 'ts' || (info !== '' && info !== CONTINUES));
    expect(odd.map(({ page, line, language, info }) => `${page}:${line}: ${language} ${info}`)).toEqual([]);
    expect(blocks.some(({ page }) => page === 'README.md')).toBe(true);
  });

  it('type-checks', { timeout: 120_000 }, () => {
    const modules = blocks.map((block, index) => ({
      name: `block-${index}`,
      page: block.page,
      ...moduleOf(block, index),
    }));
    const faults = typeCheck(new Map(modules.map(({ name, code }) => [name, `${code}export {};\n`])));
    const told = modules.flatMap(({ name, page, pageLines }) =>
      faults.get(name)!.map(({ line, text }) => `${page}:${pageLines[line - 1]}: ${text}`),
    );
    expect([...new Set(told)]).toEqual([]);
  });
});
