/**
 * The text of a JSON array of records as a record a line. Records hold no objects, so outside of strings `},{` parts
 * two records. No regular expression: on long strings those run out of stack.
 */
export function linesOf(records: string): string {
  if (records.length <= 2) return '';
  let lines = '';
  let start = 1;
  let from = 1;
  for (;;) {
    const boundary = records.indexOf('},{', from);
    if (boundary === -1) return `${lines}${records.slice(start, -1)}\n`;
    from = afterStrings(records, from, boundary);
    if (from > boundary) continue;
    lines += `${records.slice(start, boundary + 1)}\n`;
    start = from = boundary + 2;
  }
}

/** Where to go on from: `boundary` itself, or the end of the string that it lies in. */
function afterStrings(text: string, from: number, boundary: number): number {
  let at = from;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote === -1 || quote > boundary) return boundary;
    at = endOfString(text, quote) + 1;
    if (at > boundary) return at;
  }
}

/** The index of the quote that ends the string whose first quote is at `start`. */
function endOfString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
