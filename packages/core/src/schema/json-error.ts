const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
/** Up to a quote, a backslash or a control character. */
const PLAIN = /[ !#-[\]-\uFFFF]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/**
 * Where a text stops being JSON: the index of the first character that cannot be there, or the text's length when it
 * only lacks its end. V8 does not always tell. Without recursion, so nesting does not matter.
 */
export function jsonErrorPosition(text: string): number {
  const open: ('[' | '{')[] = [];
  let at = skip(SPACE, text, 0);
  let expect: 'value' | 'first' | 'key' | 'next' = 'value';
  while (at < text.length) {
    const char = text[at]!;
    const inside = open[open.length - 1];
    if (
      expect === 'next'
        ? inside !== undefined && char === closing(inside)
        : expect === 'first' && char === closing(inside)
    ) {
      open.pop();
      at++;
      expect = 'next';
    } else if (expect === 'next') {
      if (inside === undefined || char !== ',') return at;
      at++;
      expect = inside === '[' ? 'value' : 'key';
    } else if (expect === 'key' || (expect === 'first' && inside === '{')) {
      const [end, bad] = stringEnd(text, at);
      if (bad) return end;
      at = skip(SPACE, text, end);
      if (text[at] !== ':') return at;
      at++;
      expect = 'value';
    } else if (char === '[' || char === '{') {
      open.push(char);
      at++;
      expect = 'first';
    } else {
      const [end, bad] = char === '"' ? stringEnd(text, at) : wordEnd(text, at);
      if (bad) return end;
      at = end;
      expect = 'next';
    }
    if (text.charCodeAt(at) <= 0x20) at = skip(SPACE, text, at);
  }
  return at;
}

const closing = (inside: string | undefined): string => (inside === '[' ? ']' : '}');

function wordEnd(text: string, at: number): [end: number, bad: boolean] {
  const end = Math.max(skip(NUMBER, text, at), skip(WORD, text, at));
  return [end, end === at];
}

function stringEnd(text: string, start: number): [end: number, bad: boolean] {
  if (text[start] !== '"') return [start, true];
  for (let at = start + 1; ;) {
    at = skip(PLAIN, text, at);
    if (text[at] === '"') return [at + 1, false];
    const next = text[at] === '\\' ? skip(ESCAPE, text, at) : at;
    if (next === at) return [at, true];
    at = next;
  }
}
