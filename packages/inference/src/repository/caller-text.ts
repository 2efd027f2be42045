import { WitanError } from '@witan/core';

/**
 * A URL, or a path from the root of a file system on; its only group is the last part of it. Folders may have blanks in
 * their names; a place ends at a colon, a quote, a bracket or a comma.
 */
const PLACE =
  /(?<![\w.~/\\-])(?:[a-z][a-z0-9+.-]+:\/\/[^\s/\\:'"(),;]*(?::\d+)?\/?|[a-z]:[\\/]|\/(?=[^\s'"]))(?:[^/\\:'"(),;\n]*[/\\])*([^\s/\\:'"(),;]*)/gi;

/** A reason as callers are told it: of places on the server only the last part stays. Logs keep the whole text. */
export function withoutPlaces(text: string): string {
  return text.replace(PLACE, (_, last: string) => (last === '' ? '…' : last));
}

/** The same error as callers are told it. */
export function withoutPlacesIn(error: unknown): unknown {
  if (!WitanError.is(error)) return error;
  const { code, category, httpStatus: http, details, retryAfterMs } = error;
  const text = withoutPlaces(error.message);
  if (text === error.message) return error;
  return new WitanError(code, { category, http, summary: '' }, text, { details, retryAfterMs, cause: error });
}
