import type { GrpcStatus } from '../server/grpc-server.js';
import { isOwned, wireValue } from './metadata.js';
import { percentEncode } from './percent-encoding.js';

/** A message too long for a header is cut. */
const MAX_MESSAGE_CHARS = 1024;

/** The trailing fields of a status, but for the code itself. */
export function trailerFields({ message, details, trailers }: GrpcStatus): [string, string][] {
  const fields: [string, string][] = [];
  if (message !== '') fields.push(['grpc-message', percentEncode(cut(message))]);
  if (details !== undefined) fields.push(['grpc-status-details-bin', wireValue('grpc-status-details-bin', details)]);
  for (const [name, value] of trailers ?? []) {
    const lower = name.toLowerCase();
    if (!isOwned(lower)) fields.push([lower, wireValue(lower, value)]);
  }
  return fields;
}

const cut = (text: string): string => (text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}…` : text);
