/**
 * RFC 7541, appendix B: how many bits the code of each byte has, as letters ('a' is 5). Codes of one length follow each
 * other as the bytes do, so that the lengths tell the codes.
 */
const BITS =
  'isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcbaabccccckgjix' +
  'prpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrqqsrruuttvsvwvvwwwwwxwwwwwv';

/** Key: the code behind a leading 1, so that codes of different lengths differ. */
const BYTE_OF = ((): Map<number, number> => {
  const lengths = Array.from(BITS, (letter) => letter.charCodeAt(0) - 92);
  const order = lengths.map((_, byte) => byte).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const codes = new Map<number, number>();
  let code = 0;
  let bits = lengths[order[0]!]!;
  for (const byte of order) {
    code *= 2 ** (lengths[byte]! - bits);
    bits = lengths[byte]!;
    codes.set(2 ** bits + code++, byte);
  }
  return codes;
})();

/** Reads a text in Huffman's code; slowly, for tests. */
export function huffmanText(bytes: Buffer): string {
  const text: number[] = [];
  let code = 1;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      const found = BYTE_OF.get(code);
      if (found === undefined) continue;
      text.push(found);
      code = 1;
    }
  }
  return Buffer.from(text).toString('latin1');
}
