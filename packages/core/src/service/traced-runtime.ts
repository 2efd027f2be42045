import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { isStream } from './stream.js';
import { requestChannel, type RequestEvent } from './request-channel.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from './runtime.js';

/** Publishes each request of a service on `witan.request` while somebody subscribes; otherwise it is not there. */
export class TracedRuntime implements ServiceRuntime {
  readonly definition: ServiceDefinition;

  constructor(private readonly runtime: ServiceRuntime) {
    this.definition = runtime.definition;
  }

  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    return requestChannel.hasSubscribers ? this.traced(context, read) : this.runtime.invoke(context, read);
  }

  private async traced(context: Context, read: () => Frame): Promise<ServiceResult> {
    const event: RequestEvent = { service: this.definition.name, context };
    const counted = (): Frame => {
      const frame = read();
      event.rows = frame.rows;
      return frame;
    };
    const running = requestChannel.start.runStores(event, async () => this.runtime.invoke(context, counted));
    requestChannel.end.publish(event);
    try {
      const result = (event.result = await running);
      if (isStream(result)) return watched(result, event);
      over(event);
      return result;
    } catch (error) {
      failed(event, error);
      throw error;
    }
  }
}

function over(event: RequestEvent): void {
  requestChannel.asyncStart.publish(event);
  requestChannel.asyncEnd.publish(event);
}

function failed(event: RequestEvent, error: unknown): void {
  event.error = error;
  requestChannel.error.publish(event);
  over(event);
}

/** The same stream; the request is over with it, however it ends. */
function watched(stream: AsyncIterable<Frame>, event: RequestEvent): AsyncIterable<Frame> {
  const iterator = stream[Symbol.asyncIterator]();
  let open = true;
  const close = (then: () => void): void => {
    if (open) then();
    open = false;
  };
  const next = async (): Promise<IteratorResult<Frame>> => {
    try {
      const step = await iterator.next();
      if (step.done) close(() => over(event));
      return step;
    } catch (error) {
      close(() => failed(event, error));
      throw error;
    }
  };
  const end = async (): Promise<IteratorResult<Frame>> => {
    close(() => over(event));
    return (await iterator.return?.()) ?? { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
}
