import { Context, type Peer, type RawRequest } from '@witan/core';

/** Behind everybody else in a model's gate. */
const PRIORITY = -10;
const NOBODY: Peer = { address: '', tls: false };
const NOTHING: RawRequest = { contentType: '', body: new Uint8Array(0) };

/** The request that a shadow's run is of: nobody waits for its answer, and not for long. */
export class ShadowContext extends Context<object> {
  readonly transport = 'memory';
  readonly service = '';
  readonly params = {};
  readonly peer = NOBODY;
  readonly raw = NOTHING;
  readonly priority = PRIORITY;
  readonly aborted = false;

  constructor(
    /** Of the request that it is a copy of. */
    readonly requestId: string,
    readonly deadline: number,
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
