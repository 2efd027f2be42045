import type { Frame } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import { frameOfResult } from '../handler/handler-result.js';
import { isPromise } from './is-promise.js';
import type { ServiceDefinition, ServiceRuntime } from './runtime.js';

/**
 * A service made of a function rather than of a class: what it gives must keep the output schema of its definition, as
 * a handler's answer must. Stays synchronous as long as the function does. Nest's guards, interceptors, pipes and filters
 * do not apply.
 * @internal
 */
export function runtimeOf(
  definition: ServiceDefinition,
  run: (frame: Frame, context: Context) => Frame | Promise<Frame>,
): ServiceRuntime {
  const { output, name } = definition;
  const check = (frame: Frame): Frame => frameOfResult(frame, output, name);
  return {
    definition,
    invoke(context, read) {
      // As for classes: parameters are refused before the body is decoded.
      if (definition.parseParams) void context.params;
      const given = run(read(), context);
      return isPromise(given) ? given.then(check) : check(given);
    },
  };
}
