import type { Readable } from 'node:stream';

/**
 * The lines of a stream of UTF-8, which end at LF alone: `readline` ends them at U+2028 and U+2029 too, which JSON's
 * strings may hold. The last one need not end.
 * @throws what the stream fails with, after the lines before
 */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
    const pieces = chunk.split('\n');
    for (let i = 0; i < pieces.length - 1; i++) {
      yield rest + pieces[i]!;
      rest = '';
    }
    rest += pieces[pieces.length - 1]!;
  }
  if (rest !== '') yield rest;
}
