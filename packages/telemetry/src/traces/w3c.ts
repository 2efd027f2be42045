/** Where a request comes from, by its `traceparent` header. */
export interface RemoteParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const FIELDS = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
/** Of version 00, and the part of later versions that is known. */
const LENGTH = 55;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/**
 * Reads `traceparent` (W3C Trace Context, 3.2); whatever is not exactly that is as if it were not there. Of versions to
 * come the fields that are known are read.
 */
export function parseTraceparent(text: string | undefined): RemoteParent | undefined {
  if (text === undefined || text.length < LENGTH) return undefined;
  if (text.length > LENGTH && (text.startsWith('00') || text[LENGTH] !== '-')) return undefined;
  const match = FIELDS.exec(text.slice(0, LENGTH));
  if (!match) return undefined;
  const [, version, traceId, spanId, flags] = match as unknown as [string, string, string, string, string];
  if (version === 'ff' || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function traceparentOf(traceId: string, spanId: string, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** What a tracestate must at least be able to be, by W3C; longer ones are not passed on. */
const MAX_TRACESTATE_CHARS = 512;
const PRINTABLE = /^[\x20-\x7e\t]+$/;

/** `tracestate` as it came, if it may be passed on. */
export function usableTracestate(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MAX_TRACESTATE_CHARS && PRINTABLE.test(text) ? text : undefined;
}

/** What W3C Baggage lets a caller expect; longer ones are not passed on. */
const MAX_BAGGAGE_CHARS = 8192;

/** `baggage` as it came, if it may be passed on. */
export function usableBaggage(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= MAX_BAGGAGE_CHARS && PRINTABLE.test(text) ? text : undefined;
}
