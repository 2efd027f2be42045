import type { LogRecord, Sink } from '@witan/sinks';

/** Sends records to the store of this test; it has them when it says so. */
export class StoreSink implements Sink {
  readonly name = 'the store of this test';

  constructor(private readonly port: number) {}

  async write(batch: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    const body = batch.map((record) => `${lineOf(record)}\n`).join('');
    const answer = await fetch(`http://127.0.0.1:${this.port}/`, { method: 'POST', body, signal });
    if (!answer.ok) throw new Error(`the store answered ${answer.status}`);
  }

  async close(): Promise<void> {
    // Nothing is held back.
  }
}

/** `id client number twice`. */
function lineOf({ id, input, output }: LogRecord): string {
  const cell = (frame: typeof input, name: string): string => String(frame?.column(name).get(0));
  return [id, cell(input, 'client'), cell(input, 'number'), cell(output, 'twice')].join(' ');
}
