import type { Clock } from '../clock.js';
import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { isPromise } from './is-promise.js';
import { requestChannel } from './request-channel.js';
import { RequestTrace } from './request-trace.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from './runtime.js';
import { isStream } from './stream.js';

/**
 * Publishes each request of a service on `witan.request` while somebody subscribes; otherwise it is not there. What is
 * synchronous stays so.
 */
export class TracedRuntime implements ServiceRuntime {
  readonly definition: ServiceDefinition;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly clock: Clock,
  ) {
    this.definition = runtime.definition;
  }

  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    return requestChannel.hasSubscribers ? this.traced(context, read) : this.runtime.invoke(context, read);
  }

  private traced(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    const trace = new RequestTrace(this.definition.name, context, this.clock);
    let given: ServiceResult | Promise<ServiceResult>;
    try {
      given = trace.start(() => this.runtime.invoke(context, () => trace.decoded(read())));
    } catch (error) {
      trace.end();
      trace.failed(error);
      throw error;
    }
    trace.end();
    if (!isPromise(given)) return answered(given, trace);
    return given.then(
      (result) => answered(result, trace),
      (error: unknown) => {
        trace.failed(error);
        throw error;
      },
    );
  }
}

function answered(result: ServiceResult, trace: RequestTrace): ServiceResult {
  trace.result = result;
  if (isStream(result)) return watched(result, trace);
  trace.over();
  return result;
}

/** The same stream; the request is over with it, however it ends. */
function watched(stream: AsyncIterable<Frame>, trace: RequestTrace): AsyncIterable<Frame> {
  const iterator = stream[Symbol.asyncIterator]();
  let open = true;
  const close = (then: () => void): void => {
    if (open) then();
    open = false;
  };
  const next = async (): Promise<IteratorResult<Frame>> => {
    try {
      const step = await iterator.next();
      if (step.done) close(() => trace.over());
      return step;
    } catch (error) {
      close(() => trace.failed(error));
      throw error;
    }
  };
  const end = async (): Promise<IteratorResult<Frame>> => {
    close(() => trace.over());
    return (await iterator.return?.()) ?? { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
}
