import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from '../service/runtime.js';
import type { RecordedPoint } from './recorded-point.js';

/**
 * A service with something to keep. Whoever keeps may refuse before any work; `whole` keeps its requests as they came
 * and were answered, guards and interceptors included. A request that is refused before its rows were read has no record.
 */
export class RecordedRuntime implements ServiceRuntime {
  readonly definition: ServiceDefinition;

  /** @param points all of the service, its handlers' too */
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly points: readonly RecordedPoint[],
    private readonly whole: RecordedPoint | undefined,
  ) {
    this.definition = runtime.definition;
  }

  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    for (const point of this.points) point.admit(context);
    const { whole } = this;
    return whole ? this.recorded(whole, context, read) : this.runtime.invoke(context, read);
  }

  private recorded(whole: RecordedPoint, context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    const startedAt = whole.now();
    let input: Frame | undefined;
    const noted = (): Frame => (input = read());
    let result: ServiceResult | Promise<ServiceResult>;
    try {
      result = this.runtime.invoke(context, noted);
    } catch (error) {
      if (!input) throw error;
      return whole.failed(context, input, startedAt, error);
    }
    if (input) return whole.settle(context, input, startedAt, result);
    if (!(result instanceof Promise)) return result;
    // Behind guards the rows are read later.
    return result.then(
      (value) => (input ? whole.answered(context, input, startedAt, value) : value),
      (error: unknown) => {
        if (!input) throw error;
        return whole.failed(context, input, startedAt, error);
      },
    );
  }
}
