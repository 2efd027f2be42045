import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import type { Frame } from '../frame/frame.js';
import { Answer } from '../handler/answer.js';
import type { Context } from '../handler/context.js';
import { framesOfStream, frameOfResult } from '../handler/handler-result.js';
import type { ServiceBlueprint } from './blueprint.js';
import type { Chain, ChainStep, Instances } from './chain.js';
import type { EnhancerHost } from './enhancer-host.js';
import { type EnhancedCall, enhancedCall, type Invocation } from './enhanced-call.js';
import type { ServiceDefinition, ServiceResult, ServiceRuntime } from './runtime.js';
import { isStream } from './stream.js';

/** A service without any guard, interceptor, pipe or filter: the chain itself, at no further cost. */
export class PlainRuntime implements ServiceRuntime {
  constructor(
    readonly definition: ServiceDefinition,
    private readonly chain: Chain,
  ) {}

  invoke(context: Context, read: () => Frame): ServiceResult | Promise<ServiceResult> {
    // Parameters are refused before the body is decoded: 422 names them, and nothing was spent on the rows.
    if (this.definition.parseParams) void context.params;
    return this.chain.run(read(), context);
  }
}

/** A service behind Nest's enhancers, or with request-scoped providers in its chain. */
export class EnhancedRuntime implements ServiceRuntime {
  readonly definition: ServiceDefinition;
  private readonly calls = new Map<'http' | 'rpc', EnhancedCall>();
  private readonly scoped: readonly ChainStep[];

  constructor(
    private readonly blueprint: ServiceBlueprint,
    private readonly chain: Chain,
    /** The service's instance; absent when it is request-scoped. */
    private readonly instance: object | undefined,
    private readonly host: EnhancerHost,
    private readonly modules: ModuleRef,
  ) {
    this.definition = blueprint.definition;
    this.scoped = chain.steps.filter((step) => step.instance === undefined);
  }

  async invoke(context: Context, read: () => Frame): Promise<ServiceResult> {
    const type = context.transport === 'http' ? 'http' : 'rpc';
    const isStatic = this.instance !== undefined && this.scoped.length === 0;
    const result = isStatic
      ? await this.staticCall(type, this.instance)({ context, read })
      : await this.scopedCall(type, { context, read });
    return this.resultOf(result);
  }

  private staticCall(type: 'http' | 'rpc', instance: object): EnhancedCall {
    let call = this.calls.get(type);
    if (!call) this.calls.set(type, (call = enhancedCall(this.host, this.blueprint, this.chain, instance, type)));
    return call;
  }

  /** Makes what is request-scoped for this request, as Nest does for its controllers. */
  private async scopedCall(type: 'http' | 'rpc', { context, read }: Invocation): Promise<unknown> {
    const contextId = ContextIdFactory.create();
    // What `@Inject(REQUEST)` gives: Fastify's request, as in Nest's controllers; over gRPC there is none but the Context.
    this.modules.registerRequestByContextId(type === 'http' ? context.hostArguments()[0] : context, contextId);
    const make = (owner: unknown): Promise<object> =>
      this.modules.resolve(owner as never, contextId, { strict: false }) as Promise<object>;
    const made = new Map<ChainStep, object>();
    for (const step of this.scoped) made.set(step, await make(step.blueprint.owner));
    const instance = this.instance ?? (await make(this.blueprint.type));
    const instances: Instances = (step) => made.get(step)!;
    return enhancedCall(this.host, this.blueprint, this.chain, instance, type, contextId)({ context, read, instances });
  }

  /** An interceptor may have made something else of the result. */
  private resultOf(result: unknown): ServiceResult {
    if (result instanceof Answer) return result;
    const { output } = this.definition;
    if (isStream(result)) return framesOfStream(result, output, this.definition.name);
    return frameOfResult(result, output, this.definition.name);
  }
}
