import type { DecodedRequest } from './request-decoder.js';

const REQUEST_ID = 0x0a;
const OUTPUTS = 0x12;
const ROW_ID = 0x0a;
const SCORES = 0x12;

/**
 * The InferenceResponse in one buffer: the ids are copied from the request's bytes.
 * @param scores row after row, `count` each
 */
export function encodeResponse(request: DecodedRequest, scores: Float32Array, count: number): Buffer {
  const { message, rows, rowIds, requestIdStart, requestIdEnd } = request;
  const scoresBytes = fieldBytes(4 * count);
  let bytes = fieldBytes(requestIdEnd - requestIdStart);
  for (let row = 0; row < rows; row++) {
    const own = fieldBytes(rowIds[2 * row + 1]! - rowIds[2 * row]!) + scoresBytes;
    bytes += 1 + lengthBytes(own) + own;
  }
  const out = Buffer.allocUnsafe(bytes);
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  let at = copyField(out, 0, REQUEST_ID, message, requestIdStart, requestIdEnd);
  for (let row = 0; row < rows; row++) {
    const idStart = rowIds[2 * row]!;
    const idEnd = rowIds[2 * row + 1]!;
    out[at++] = OUTPUTS;
    at = putLength(out, at, fieldBytes(idEnd - idStart) + scoresBytes);
    at = copyField(out, at, ROW_ID, message, idStart, idEnd);
    if (count > 0) at = putScores(out, at, bits, row * count, count);
  }
  return out;
}

/** Tag, length and content; an empty field is left out. */
function fieldBytes(content: number): number {
  return content === 0 ? 0 : 1 + lengthBytes(content) + content;
}

function lengthBytes(length: number): number {
  let count = 1;
  for (let rest = length >>> 7; rest !== 0; rest >>>= 7) count++;
  return count;
}

function putLength(out: Buffer, at: number, length: number): number {
  let rest = length;
  while (rest >= 0x80) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Up to here a loop beats the call into native code. */
const SHORT = 32;

function copyField(out: Buffer, at: number, tag: number, from: Buffer, start: number, end: number): number {
  if (start === end) return at;
  out[at++] = tag;
  at = putLength(out, at, end - start);
  if (end - start > SHORT) return at + from.copy(out, at, start, end);
  for (let i = start; i < end; i++) out[at++] = from[i]!;
  return at;
}

function putScores(out: Buffer, at: number, bits: Uint32Array, first: number, count: number): number {
  out[at++] = SCORES;
  at = putLength(out, at, 4 * count);
  for (let i = first; i < first + count; i++) {
    const word = bits[i]!;
    out[at++] = word;
    out[at++] = word >>> 8;
    out[at++] = word >>> 16;
    out[at++] = word >>> 24;
  }
  return at;
}
