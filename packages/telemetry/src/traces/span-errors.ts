import { WitanError } from '@witan/core';
import type { SpanEvent } from './span-data.js';

const MAX_MESSAGE_CHARS = 1024;
const MAX_STACK_CHARS = 8192;

/**
 * An `exception` event. What a caller did wrong has no stack: it is not the server's, and its message is the answer's.
 */
export function errorEvent(thrown: unknown, epochMs: number): SpanEvent {
  const { name, message, stack } = described(thrown);
  return {
    name: 'exception',
    epochMs,
    attributes: {
      'exception.type': name,
      'exception.message': message.slice(0, MAX_MESSAGE_CHARS),
      ...(stack !== undefined && { 'exception.stacktrace': stack.slice(0, MAX_STACK_CHARS) }),
    },
  };
}

function described(thrown: unknown): { name: string; message: string; stack?: string } {
  if (WitanError.is(thrown)) {
    const cause = thrown.cause instanceof Error ? thrown.cause : thrown;
    const stack = thrown.category === 'INTERNAL' ? cause.stack : undefined;
    return { name: thrown.code, message: cause.message, ...(stack !== undefined && { stack }) };
  }
  if (thrown instanceof Error) return { name: thrown.name, message: thrown.message, stack: thrown.stack };
  return { name: typeof thrown, message: text(thrown) };
}

/** Whatever was thrown, even what cannot be made text of. */
function text(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value that cannot be shown';
  }
}
