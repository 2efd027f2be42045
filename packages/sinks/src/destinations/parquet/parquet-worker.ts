import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import polars from 'nodejs-polars';
import type { ParquetAnswer, ParquetTask } from './parquet-task.js';

// Polars works synchronously: in a thread of its own it holds up nobody.
parentPort!.on('message', (task: ParquetTask) => {
  parentPort!.postMessage(answerTo(task));
});

function answerTo({ id, ...task }: ParquetTask): ParquetAnswer {
  try {
    if (task.kind === 'read') return { id, bytes: polars.readParquet(task.path).writeIPCStream() };
    const arrow = task.kind === 'convert' ? readFileSync(task.journal) : Buffer.from(task.arrow);
    const table = polars.readIPCStream(arrow);
    if (task.kind === 'encode') return { id, bytes: table.writeParquet({ compression: task.compression }) };
    table.writeParquet(task.path, { compression: task.compression });
    return { id };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
