import { writeFileSync } from 'node:fs';
import { dataFile } from '../paths.js';
import { block, grpcFrame } from './proto-bytes.js';
import type { Workload } from './request.js';

const MESSAGE_BYTES = 230;
/** The tag, and two bytes of length. */
const HEAD_BYTES = 3;

/** A message of 230 bytes, as `message Payload { bytes body = 1; }`. */
export function payload(): Pick<Workload, 'message' | 'grpcFile'> {
  const message = block(1, Buffer.alloc(MESSAGE_BYTES - HEAD_BYTES, 7));
  const grpcFile = dataFile('payload.grpc');
  writeFileSync(grpcFile, grpcFrame(message));
  return { message, grpcFile };
}
