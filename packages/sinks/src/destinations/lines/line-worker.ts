import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import type { RecordSpan } from '../../record/record-decoder.js';
import type { LineAnswer, LineShare, LineTask } from './line-task.js';
import { RecordLines } from './record-lines.js';

const MINUTE_MS = 60_000;
const lines = new RecordLines();

parentPort!.on('message', (task: LineTask) => {
  const answer = answerTo(task);
  const transfer = answer.shares?.map(({ lines: text }) => text.buffer as ArrayBuffer) ?? [];
  parentPort!.postMessage(answer, transfer);
});

function answerTo(task: LineTask): LineAnswer {
  try {
    return { id: task.id, shares: sharesOf(task) };
  } catch (error) {
    lines.take();
    return { id: task.id, error: error instanceof Error ? error.message : String(error) };
  }
}

function sharesOf({ bytes, gzip }: LineTask): LineShare[] {
  const spans = lines.of(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const shares: LineShare[] = [];
  let first = 0;
  let minute = NaN;
  spans.forEach((span, i) => {
    const own = Math.floor(lines.epochMsOf(span) / MINUTE_MS);
    if (i > first && own !== minute) {
      shares.push(shareOf(spans[first]!, spans[i - 1]!, gzip));
      first = i;
    }
    minute = own;
    lines.add(span);
  });
  if (spans.length > 0) shares.push(shareOf(spans[first]!, spans.at(-1)!, gzip));
  return shares;
}

function shareOf(first: RecordSpan, last: RecordSpan, gzip: boolean): LineShare {
  return { start: first.start, firstEnd: first.end, end: last.end, lines: packed(lines.take(), gzip) };
}

/** In memory of its own, which changes hands. */
function packed(text: string, gzip: boolean): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return gzip ? new Uint8Array(gzipSync(bytes)) : bytes;
}
