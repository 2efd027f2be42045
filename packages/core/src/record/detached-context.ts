import { randomUUID } from 'node:crypto';
import { Context, type Peer, type RawRequest } from '../handler/context.js';

const NOBODY: Peer = { address: '', tls: false };
const NOTHING: RawRequest = { contentType: '', body: new Uint8Array(0) };

/** Stands in the record of a model's run where nobody said which request it was for: a job, a test, a joined Frame. */
export class DetachedContext extends Context<object> {
  readonly transport = 'memory';
  readonly service = '';
  readonly params = {};
  readonly peer = NOBODY;
  readonly aborted = false;
  readonly raw = NOTHING;

  constructor(
    readonly requestId: string = randomUUID(),
    readonly deadline: number | undefined = undefined,
    readonly priority = 0,
  ) {
    super();
  }

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
