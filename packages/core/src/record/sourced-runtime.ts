import type { Frame, FrameSource } from '../frame/frame.js';
import type { Context } from '../handler/context.js';
import type { RequestPhases } from '../handler/request-phases.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from '../service/runtime.js';

const NO_PHASES: readonly RequestPhases[] = [];

/** Whose rows a Frame has, where a model's runs are kept: handlers need not pass their context to the model. */
class RequestSource implements FrameSource {
  readonly contexts: readonly Context[];

  constructor(context: Context) {
    this.contexts = [context];
  }

  get phases(): readonly RequestPhases[] {
    const { phases } = this.contexts[0]!;
    return phases ? [phases] : NO_PHASES;
  }
}

/** Notes on the Frame of each request whose it is, while `wanted` says so. */
export class SourcedRuntime implements ServiceRuntime {
  readonly definition: ServiceDefinition;

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly wanted: { readonly keepsModels: boolean },
  ) {
    this.definition = runtime.definition;
  }

  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    if (!this.wanted.keepsModels) return this.runtime.invoke(context, read);
    return this.runtime.invoke(context, () => {
      const frame = read();
      frame.source ??= new RequestSource(context);
      return frame;
    });
  }
}
