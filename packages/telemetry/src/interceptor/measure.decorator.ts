import { isObservable, tap } from 'rxjs';
import { measurers } from './measured.js';

export interface MeasureOptions {
  /** @default `ClassName.method` */
  readonly name?: string;
}

/** Takes any method; the type of the method is kept. */
export type MeasureDecorator = <M extends (...args: never[]) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Measures a method of a provider or controller: `witan.method.duration` by method and outcome, and a span in the trace
 * of the request that it runs in. Promises and Observables are measured to their end. Without a `TelemetryModule` it
 * costs a comparison.
 * @example
 * @Injectable()
 * export class Prices {
 *   @Measure()
 *   async find(id: string): Promise<number> { … }
 * }
 */
export function Measure(options: MeasureOptions = {}): MeasureDecorator {
  return (target, key, descriptor) => {
    const method = descriptor.value as unknown as (...args: unknown[]) => unknown;
    const owner = typeof target === 'function' ? target.name : target.constructor.name;
    const name = options.name ?? `${owner}.${String(key)}`;
    const measured = function (this: unknown, ...args: unknown[]): unknown {
      return measurers().size === 0 ? method.apply(this, args) : watched(name, () => method.apply(this, args));
    };
    // Nest's and others' decorators leave their metadata on the function.
    for (const metadata of Reflect.getMetadataKeys(method) as unknown[])
      Reflect.defineMetadata(metadata, Reflect.getMetadata(metadata, method), measured);
    Object.defineProperty(measured, 'name', { value: method.name });
    descriptor.value = measured as never;
  };
}

function watched(name: string, run: () => unknown): unknown {
  const begun = [...measurers()].map((each) => ({ each, startedAt: each.clock.now() }));
  let open = true;
  const over = (error?: unknown): void => {
    if (!open) return;
    open = false;
    for (const { each, startedAt } of begun) each.over(name, startedAt, error);
  };
  try {
    const result = run();
    if (result instanceof Promise) return settled(result, over);
    if (isObservable(result))
      return result.pipe(tap({ error: over, complete: () => over(), unsubscribe: () => over() }));
    over();
    return result;
  } catch (error) {
    over(error ?? 'nothing was thrown');
    throw error;
  }
}

function settled(promise: Promise<unknown>, over: (error?: unknown) => void): Promise<unknown> {
  return promise.then(
    (value) => {
      over();
      return value;
    },
    (error: unknown) => {
      over(error ?? 'nothing was thrown');
      throw error;
    },
  );
}
