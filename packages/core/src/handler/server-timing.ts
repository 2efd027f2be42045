import type { Clock } from '../clock.js';
import type { Context } from './context.js';
import type { RequestPhases } from './request-phases.js';

/** A caller that sends `1` in it is told where its request's time went. */
export const TIMING_HEADER = 'x-witan-timing';
/** In which it is told: a header of the answer over HTTP, trailing metadata over gRPC. */
export const SERVER_TIMING = 'server-timing';

const NAMES: readonly (readonly [keyof RequestPhases, string])[] = [
  ['decodeMs', 'decode'],
  ['queueMs', 'queue'],
  ['vectorizeMs', 'vectorize'],
  ['tensorMs', 'tensor'],
  ['inferMs', 'infer'],
  ['encodeMs', 'encode'],
];

/** What a caller that asked for it is told of where its request's time went. */
export class ServerTiming {
  private readonly startedAt: number;

  private constructor(
    private readonly context: Context<object>,
    private readonly clock: Clock,
  ) {
    this.startedAt = clock.now();
    context.wantPhases();
  }

  /** From now on; `undefined`: the caller did not ask. */
  static start(context: Context<object>, clock: Clock): ServerTiming | undefined {
    return context.header(TIMING_HEADER) === '1' ? new ServerTiming(context, clock) : undefined;
  }

  /** Up to now, as a header's value. */
  text(): string {
    return serverTiming(this.context.phases, this.clock.now() - this.startedAt);
  }

  /** {@link text} as trailing metadata. */
  trailers(): readonly (readonly [string, string])[] {
    return [[SERVER_TIMING, this.text()]];
  }
}

/** `decode;dur=0.041, infer;dur=1.2, total;dur=1.6`: milliseconds, in the form that browsers' tools show. */
export function serverTiming(phases: RequestPhases | undefined, totalMs: number): string {
  let text = '';
  for (const [phase, name] of NAMES) {
    const ms = phases?.[phase];
    if (ms !== undefined) text += `${name};dur=${durationText(ms)}, `;
  }
  return `${text}total;dur=${durationText(totalMs)}`;
}

/** To the microsecond; a clock that was turned back has not taken less than no time. */
function durationText(ms: number): string {
  return String(Math.max(0, Math.round(ms * 1000) / 1000) || 0);
}
