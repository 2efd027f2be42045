/**
 * A URL, or a path from the root of a file system on: what it ends with is its only group. Folders may have blanks in
 * their names, and a place ends where a text goes on: at a colon, a quote, a bracket, a comma.
 */
const PLACE =
  /(?<![\w.~/\\-])(?:[a-z][a-z0-9+.-]*:\/\/|[A-Za-z]:[\\/]|\/)(?:[^/\\:'"(),;\n]*[/\\])*([^\s/\\:'"(),;]*)/gi;

/**
 * A reason as callers are told it: without the places on the server, of which only the last part stays. Logs keep the
 * whole text.
 */
export function withoutPlaces(text: string): string {
  return text.replace(PLACE, (place, last: string) => (last === '' ? place.replace(/[^/\\]*[/\\]/g, '') || '…' : last));
}
