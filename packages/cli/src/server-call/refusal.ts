interface Violation {
  readonly row?: number;
  readonly message?: string;
}

interface WireError {
  readonly code?: string;
  readonly message?: string;
  readonly retryAfterMs?: number;
  readonly details?: { readonly violations?: readonly Violation[] };
}

const MAX_VIOLATIONS = 10;

const HINTS: Readonly<Record<string, string>> = {
  CORE_ERR_ACCESS_CONTROL: 'see docs/guide/access.md',
  CORE_ERR_HTTP_NOT_FOUND: 'witan models list shows what there is',
  INF_ERR_MODEL_NOT_FOUND: 'witan models list shows what there is',
  INF_ERR_VERSION_NOT_FOUND: 'witan models show NAME tells its versions and aliases',
  INF_ERR_MODEL_UNAVAILABLE: 'witan models show NAME tells why; witan models load NAME tries again',
  CORE_ERR_VALIDATION: 'the columns are at /docs and /proto of the server',
};

/** A server's refusal as a person reads it: text, code, what is wrong with which row, what to do. */
export function refusalOf(status: number, body: Buffer): string {
  const text = body.toString('utf8');
  const { code, message, retryAfterMs, details } = wireErrorOf(text);
  if (message === undefined) return `the server answered ${status}: ${text.slice(0, 200)}`;
  const violations = details?.violations ?? [];
  const rows = violations
    .slice(0, MAX_VIOLATIONS)
    .map(({ row = -1, message: what }) => `  ${row < 0 ? 'all rows' : `row ${row}`}: ${what}`);
  const more = violations.length > MAX_VIOLATIONS ? [`  and ${violations.length - MAX_VIOLATIONS} more`] : [];
  const hint = (code !== undefined && HINTS[code]) || keyHint(status);
  return [
    `${message} [${code ?? status}]`,
    ...(violations.length > 1 ? [...rows, ...more] : []),
    ...(retryAfterMs === undefined ? [] : [`  try again in ${Math.ceil(retryAfterMs / 1000)} s`]),
    ...(hint ? [`  (${hint})`] : []),
  ].join('\n');
}

function keyHint(status: number): string | undefined {
  return status === 401
    ? 'give --api-key-file or WITAN_API_KEY; for changes --admin-key-file or WITAN_ADMIN_KEY'
    : undefined;
}

function wireErrorOf(text: string): WireError {
  try {
    const { error } = JSON.parse(text) as { error?: WireError };
    return typeof error === 'object' && error !== null ? error : {};
  } catch {
    return {};
  }
}
