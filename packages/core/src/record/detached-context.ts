import { randomUUID } from 'node:crypto';
import { Context, type Peer, type RawRequest } from '../handler/context.js';

const NOBODY: Peer = { address: '', tls: false };
const NOTHING: RawRequest = { contentType: '', body: new Uint8Array(0) };

/** Stands in the record of a model's run where nobody said which request it was for: a job, a test, a joined Frame. */
export class DetachedContext extends Context<object> {
  readonly transport = 'memory';
  readonly requestId = randomUUID();
  readonly service = '';
  readonly params = {};
  readonly peer = NOBODY;
  readonly deadline = undefined;
  readonly aborted = false;
  readonly raw = NOTHING;
  readonly priority = 0;

  get signal(): AbortSignal {
    return new AbortController().signal;
  }

  header(): undefined {
    return undefined;
  }

  setHeader(): void {
    // There is no answer.
  }
}
