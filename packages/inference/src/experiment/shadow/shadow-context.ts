import { DetachedContext } from '@witan/core';

/** Behind everybody else in a model's gate. */
const PRIORITY = -10;

/** The request that a shadow's run is of: nobody waits for its answer, and not for long. */
export class ShadowContext extends DetachedContext {
  /** @param requestId of the request that it is a copy of */
  constructor(requestId: string, deadline: number) {
    super(requestId, deadline, PRIORITY);
  }
}
