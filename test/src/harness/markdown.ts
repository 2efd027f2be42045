import { readText } from './repository.js';

/** One fenced block of a Markdown page. */
export interface CodeBlock {
  readonly page: string;
  /** The page's line on which its code begins, from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands after the language on the fence. */
  readonly info: string;
  readonly code: string;
}

export function codeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = readText(page).split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)```(\w+)(.*)$/.exec(lines[at]!);
    if (!fence) continue;
    const [, indent, language, info] = fence;
    const start = at + 1;
    const length = lines.slice(start).findIndex((line) => line.trim() === '```');
    if (length < 0) throw new Error(`${page}:${start}: this block has no end`);
    const code = lines.slice(start, start + length).map((line) => line.slice(indent!.length));
    blocks.push({ page, line: start + 1, language: language!, info: info!.trim(), code: `${code.join('\n')}\n` });
    at = start + length;
  }
  return blocks;
}
